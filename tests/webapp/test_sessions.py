"""Sessions: read in one query with person and project, believed only when genuine, over at once when they are over."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_sample
from webapp.accounts.models import Session, User
from workers.tasks.housekeeping import reconcile

pytestmark = pytest.mark.django_db

PAGE = "/p/street/work/"
SALT = "django.contrib.sessions.SessionStore"


def is_signed_in(client: Client) -> bool:
    status = client.get(PAGE).status_code
    assert status in (200, 302)
    return status == 200


@pytest.fixture
def as_ana(client: Client, project: Any, ana: User) -> Client:
    client.force_login(ana)
    assert is_signed_in(client)
    return client


def test_session_person_and_project_are_read_in_one_query(as_ana: Client, project: Any) -> None:
    make_sample(project, items=2)
    with CaptureQueriesContext(connection) as asked:
        answer = as_ana.post("/p/street/work/tags/lease", {"want": 1}, content_type="application/json")
    assert len(answer.json()["items"]) == 1
    assert [query["sql"].count("accounts_session") for query in asked if "accounts_" in query["sql"]] == [1]


def test_a_session_that_is_over_is_not_believed_and_is_forgotten(as_ana: Client) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_signed_in(as_ana)
    reconcile()
    assert not Session.objects.exists()


def test_who_is_signed_out_elsewhere_is_signed_out_at_once(as_ana: Client, ana: User) -> None:
    ana.sessions.all().delete()
    assert not is_signed_in(as_ana)


def test_flushing_redis_signs_nobody_out(as_ana: Client) -> None:
    cache.clear()
    assert is_signed_in(as_ana)


def test_the_column_does_not_say_who_somebody_is(as_ana: Client, ana: User, lea: User) -> None:
    Session.objects.update(user=lea)
    assert as_ana.get(PAGE).context["user"] == ana


def test_data_signed_with_another_key_are_nobodys(as_ana: Client, ana: User) -> None:
    genuine = Session.objects.get().get_decoded()
    for key in (settings.SECRET_KEY, "guessed"):
        signed = signing.dumps(genuine, key=key, salt=SALT, serializer=JSONSerializer)
        Session.objects.update(session_data=signed)
        assert is_signed_in(as_ana) == (key == settings.SECRET_KEY)
    assert genuine[SESSION_KEY] == str(ana.pk)


@pytest.mark.parametrize("cookie", ["short", r'"aaaaaaaa\000aaaaaaaa"', "ä" * 32, "' OR 1 = 1 --", "a" * 5000])
def test_a_cookie_that_is_no_key_is_nobodys(client: Client, project: Any, cookie: str) -> None:
    for page in (PAGE, "/"):
        answer = client.get(page, HTTP_COOKIE=f"sessionid={cookie}")
        assert (answer.status_code, "login" in answer["Location"]) == (302, True)


def test_the_name_of_a_session_is_not_its_key(as_ana: Client, ana: User) -> None:
    session = ana.sessions.get()
    assert session.session_key
    assert session.session_key not in f"{session} {session!r}"


def test_a_session_of_an_account_that_is_deleted_meanwhile_is_renewed_and_is_nobodys(client: Client, ana: User) -> None:
    client.force_login(ana)
    session = client.session
    assert session[SESSION_KEY] == str(ana.pk)
    ana.delete()
    assert not Session.objects.exists()
    session.cycle_key()
    connection.check_constraints()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert client.get("/").status_code == 302


def test_sessions_of_former_versions_are_taken_over(as_ana: Client) -> None:
    """By the migration: whoever worked when the server was brought up to date goes on working."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE django_session AS SELECT session_key, session_data, expire_date FROM accounts_session"
        )
        cursor.execute("DELETE FROM accounts_session")
        take_over = import_module("webapp.accounts.migrations.0005_sessions").TAKE_OVER
        for _again in range(2):
            cursor.execute(take_over)
        cursor.execute("SELECT to_regclass('django_session')")
        assert cursor.fetchone() == (None,)
    assert Session.objects.get().user is None
    assert is_signed_in(as_ana)
