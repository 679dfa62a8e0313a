"""One's own settings, and the service that makes accounts."""

from typing import Any

import pytest
from django.test import Client

from webapp.accounts.models import User
from webapp.accounts.services import create_account, one_time_password
from webapp.core.errors import Conflict

pytestmark = pytest.mark.django_db


def test_people_change_their_name_theme_and_keys(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert client.post("/accounts/profile/", {"name": "Ana Alvarez", "theme": "dark"}).status_code == 302
    ana.refresh_from_db()
    assert (ana.display_name, ana.theme, ana.single_key_shortcuts) == ("Ana Alvarez", "dark", False)
    page = client.get("/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-shortcuts="off"' in page


def test_a_name_with_markup_is_shown_as_text(client: Client, ana: User) -> None:
    client.force_login(ana)
    client.post("/accounts/profile/", {"name": '<img src=x onerror="alert(1)">', "theme": "auto"})
    page = client.get("/").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize(
    "extra", [{"is_superuser": "on", "is_staff": "on"}, {"email": "boss@example.org"}, {"username": "root"}]
)
def test_no_other_field_of_an_account_can_be_posted(client: Client, ana: User, extra: dict[str, str]) -> None:
    client.force_login(ana)
    before = (ana.is_superuser, ana.is_staff, ana.email, ana.username)
    client.post("/accounts/profile/", {"name": "Ana", "theme": "auto", "must_change_password": "on", **extra})
    client.post("/accounts/theme/", {"theme": "dark", **extra})
    ana.refresh_from_db()
    assert (ana.is_superuser, ana.is_staff, ana.email, ana.username) == before
    assert not ana.must_change_password


def test_the_menu_changes_the_theme_and_comes_back(client: Client, ana: User) -> None:
    client.force_login(ana)
    answer = client.post("/accounts/theme/", {"theme": "light", "next": "/accounts/profile/?x=1"})
    assert answer.url == "/accounts/profile/?x=1"
    ana.refresh_from_db()
    assert ana.theme == "light"


def test_an_unknown_theme_changes_nothing(client: Client, ana: User) -> None:
    client.force_login(ana)
    client.post("/accounts/theme/", {"theme": 'x" onload="'})
    ana.refresh_from_db()
    assert ana.theme == "auto"


def test_an_account_is_named_after_its_address(db: Any) -> None:
    first, password = create_account(email="Mia.Wong@Example.org")
    assert (first.username, first.email) == ("Mia.Wong", "mia.wong@example.org")
    assert first.check_password(password)
    assert first.must_change_password
    second, other = create_account(email="mia.wong@other.example")
    assert second.username == "mia.wong2"
    assert other != password


def test_an_address_has_one_account_in_any_capitals(ana: User) -> None:
    with pytest.raises(Conflict):
        create_account(email="ANA@example.org")
    assert User.objects.filter(email__iexact="ana@example.org").count() == 1


def test_one_time_passwords_have_no_letters_that_look_alike() -> None:
    drawn = "".join(one_time_password() for _ in range(200))
    assert not set(drawn) & set("ilo01")
    assert len({one_time_password() for _ in range(200)}) == 200
