"""Signing in and out: what strangers learn, what thieves can do, what happens to one-time passwords."""

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.hashers import get_hashers
from django.core import mail
from django.test import Client
from django.test.utils import override_settings

from webapp.accounts.models import User
from webapp.accounts.services import create_account

PASSWORD = "correct horse battery"
LOGIN = "/accounts/login/"

pytestmark = pytest.mark.django_db


def sign_in(client: Client, who: str, password: str = PASSWORD, **extra: str) -> Any:
    return client.post(LOGIN, {"login": who, "password": password, **extra})


def text_of(answer: Any) -> str:
    """What the page says, without the form's values and tokens."""
    body = answer.content.decode().partition("<main")[2].replace(answer["X-Request-Id"], "")
    return re.sub(r'value="[^"]*"', "", body)


@pytest.mark.parametrize("who", ["ana", "ANA@example.org"])
def test_people_sign_in_with_username_or_address(client: Client, ana: User, who: str) -> None:
    assert sign_in(client, who).url == "/"
    assert client.get("/accounts/profile/").status_code == 200


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(client: Client, ana: User) -> None:
    wrong, unknown = sign_in(client, "ana", "wrong"), sign_in(client, "nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 200
    assert text_of(wrong) == text_of(unknown)


def test_a_switched_off_account_does_not_say_so_to_somebody_without_the_password(client: Client, ana: User) -> None:
    ana.is_active = False
    ana.save()
    assert text_of(sign_in(client, "ana", "wrong")) == text_of(sign_in(client, "nobody", "wrong"))
    sign_in(client, "ana")
    assert client.get("/accounts/profile/").status_code == 302


def test_asking_for_a_password_reset_says_the_same_for_any_address(client: Client, ana: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": "ana@example.org"}, follow=True)
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)
    assert known.status_code == unknown.status_code == 200
    assert text_of(known) == text_of(unknown)
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]  # strangers get no mail from us


def test_the_link_in_the_mail_sets_a_new_password_once(client: Client, ana: User) -> None:
    client.post("/accounts/password/reset/", {"email": "ana@example.org"})
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)
    assert link is not None
    form = client.get(link[1], follow=True)
    new = {"password1": "a new long sentence", "password2": "a new long sentence"}
    assert client.post(form.redirect_chain[-1][0], new).status_code == 302
    assert sign_in(Client(), "ana", "a new long sentence").status_code == 302
    assert "does not work any more" in Client().get(link[1], follow=True).content.decode()


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client: Client, ana: User, target: str) -> None:
    assert sign_in(client, "ana", next=target).url == "/"
    answer = client.post("/accounts/theme/", {"theme": "dark", "next": target})
    assert answer.url == "/"


def test_people_come_back_to_the_page_they_wanted(client: Client, lea: User) -> None:
    asked = client.get("/p/street/people/")
    assert asked.url == "/accounts/login/?next=/p/street/people/"
    assert sign_in(client, "lea", next="/p/street/people/").url == "/p/street/people/"


def test_a_session_from_before_signing_in_is_worth_nothing_after(client: Client, ana: User) -> None:
    client.get("/accounts/password/reset/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client, "ana")
    assert client.cookies["sessionid"].value != session.session_key
    thief = Client()
    thief.cookies["sessionid"] = session.session_key
    assert thief.get("/accounts/profile/").status_code == 302


def test_a_new_password_signs_other_devices_out(ana: User) -> None:
    here, there = Client(), Client()
    here.force_login(ana)
    there.force_login(ana)
    new = {"oldpassword": PASSWORD, "password1": "a new long sentence", "password2": "a new long sentence"}
    assert here.post("/accounts/password/change/", new).url == "/accounts/profile/"
    assert here.get("/accounts/profile/").status_code == 200
    assert there.get("/accounts/profile/").status_code == 302


def test_signing_out_takes_a_post(client: Client, ana: User) -> None:
    client.force_login(ana)
    client.get("/accounts/logout/")
    assert client.get("/accounts/profile/").status_code == 200
    assert client.post("/accounts/logout/").url == "/accounts/login/"
    assert client.get("/accounts/profile/").status_code == 302


def test_nobody_can_sign_up(client: Client) -> None:
    form = {"email": "new@example.org", "username": "new", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", form)
    assert "Accounts are made for you" in answer.content.decode()
    assert not User.objects.filter(username="new").exists()


def test_nobody_changes_their_address_by_themselves(client: Client, ana: User) -> None:
    client.force_login(ana)
    client.post("/accounts/email/", {"action_add": "", "email": "boss@example.org"})
    ana.refresh_from_db()
    assert ana.email == "ana@example.org"
    assert not ana.emailaddress_set.filter(email="boss@example.org").exists()


@override_settings(ACCOUNT_RATE_LIMITS={})  # {} is allauth's own table; the test settings turn all limits off
def test_guessing_passwords_is_slowed_down(client: Client, ana: User) -> None:
    answers = [sign_in(client, "ana", f"guess {number}") for number in range(12)]
    assert "Too many failed" in answers[-1].content.decode()
    assert "Too many failed" in sign_in(client, "ana").content.decode()  # even the right one, for a while


def test_the_limits_are_on_outside_tests() -> None:
    from webapp.settings import base

    assert not hasattr(base, "ACCOUNT_RATE_LIMITS")  # allauth's own
    assert not hasattr(base, "PASSWORD_HASHERS")  # Django's own order


def test_passwords_are_hashed_slowly_outside_tests() -> None:
    from django.conf import global_settings

    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        first = get_hashers()[0]
        assert first.algorithm == "pbkdf2_sha256"
        assert first.iterations >= 600_000


@pytest.mark.parametrize("password", ["short", "password1234", "31415926535", "ana@example.org"])
def test_weak_passwords_are_refused(client: Client, ana: User, password: str) -> None:
    client.force_login(ana)
    new = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert client.post("/accounts/password/change/", new).status_code == 200
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


# --- one-time passwords ----------------------------------------------------------------------------------------


def test_a_one_time_password_opens_only_the_page_that_replaces_it(client: Client) -> None:
    user, password = create_account(email="new@example.org")
    assert sign_in(client, "new", password).status_code == 302
    for address in ("/", "/p/new", "/accounts/profile/"):
        assert client.get(address).url == "/accounts/password/change/"
    assert client.get("/", headers={"accept": "application/json"}).json()["error"]["code"] == "password_is_one_time"
    new = {"oldpassword": password, "password1": "a new long sentence", "password2": "a new long sentence"}
    client.post("/accounts/password/change/", new)
    assert client.get("/").status_code == 200
    user.refresh_from_db()
    assert not user.must_change_password


def test_a_reset_by_mail_replaces_a_one_time_password_too(client: Client) -> None:
    user, _password = create_account(email="new@example.org")
    client.post("/accounts/password/reset/", {"email": "new@example.org"})
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)
    assert link is not None
    form = client.get(link[1], follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "a new long sentence", "password2": "a new long sentence"})
    user.refresh_from_db()
    assert not user.must_change_password


def test_a_site_admin_with_a_one_time_password_does_not_reach_the_administration(client: Client, admin: User) -> None:
    admin.must_change_password = True
    admin.save()
    client.force_login(admin)
    answer = client.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/password/change/"


def test_a_password_that_an_admin_typed_is_a_one_time_password(client: Client, admin: User, ana: User) -> None:
    client.force_login(admin)
    typed = {"password1": "typed by an admin", "password2": "typed by an admin"}
    answer = client.post(f"/admin/accounts/user/{ana.pk}/password/", typed | {"usable_password": "true"})
    assert answer.status_code == 302
    ana.refresh_from_db()
    assert ana.check_password("typed by an admin")
    assert ana.must_change_password


def test_an_account_made_in_the_administration_starts_with_a_one_time_password(client: Client, admin: User) -> None:
    client.force_login(admin)
    form = {"username": "nia", "email": "nia@example.org", "usable_password": "true"}
    form |= {"password1": "typed by an admin", "password2": "typed by an admin"}
    assert client.post("/admin/accounts/user/add/", form).status_code == 302
    assert User.objects.get(username="nia").must_change_password


# --- second factor -----------------------------------------------------------------------------------------------


def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def turn_on_two_factor(client: Client) -> str:
    """Returns the secret. allauth asks for the password once more before anything about two-factor changes."""
    asked = client.get("/accounts/2fa/totp/activate/")
    assert client.post(asked.url, {"password": PASSWORD}).url == "/accounts/2fa/totp/activate/"
    page = client.get("/accounts/2fa/totp/activate/")
    secret: str = page.context["form"].secret
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    return secret


def test_two_factor_sign_in_asks_for_a_code_and_takes_a_recovery_code_once(client: Client, ana: User) -> None:
    sign_in(client, "ana")
    turn_on_two_factor(client)
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10

    def second_step(code: str) -> Client:
        visitor = Client()
        assert sign_in(visitor, "ana").url.startswith("/accounts/2fa/authenticate/")
        assert visitor.get("/accounts/profile/").status_code == 302  # the password alone opens nothing
        visitor.post("/accounts/2fa/authenticate/", {"code": code})
        return visitor

    assert second_step("000000").get("/accounts/profile/").status_code == 302
    assert second_step(codes[0]).get("/accounts/profile/").status_code == 200
    assert second_step(codes[0]).get("/accounts/profile/").status_code == 302


def test_the_administration_asks_for_the_second_factor_too(client: Client, admin: User) -> None:
    sign_in(client, "root")
    turn_on_two_factor(client)
    visitor = Client()
    assert visitor.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/?next=")
    sign_in(visitor, "root")
    assert visitor.get("/admin/").status_code == 302
    direct = visitor.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert direct.url.startswith("/accounts/login/")
    assert visitor.get("/admin/").status_code == 302


def test_turning_two_factor_off_needs_a_recent_sign_in(client: Client, ana: User) -> None:
    sign_in(client, "ana")
    turn_on_two_factor(client)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = 0
    session.save()
    assert "reauthenticate" in client.get("/accounts/2fa/totp/deactivate/").url
    assert "reauthenticate" in client.post("/accounts/2fa/totp/deactivate/").url
    assert ana.authenticator_set.count() == 2
