"""Lists of people: read line by line, looked at first, brought in whole; nothing a spreadsheet would run."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from webapp.accounts.models import User
from webapp.core.errors import BadInput
from webapp.projects.models import Invitation, Membership, Project, Team, TeamMember
from webapp.projects.people_csv import MOST_LINES, read_people, write_rows
from webapp.projects.services.people_import import import_people, plan_import

pytestmark = pytest.mark.django_db

PAGE = "/p/street/people/list/"
LIST = "email,roles,team\notto@example.org,expert,Night\nnia@example.org,annotator expert,Night\nbad,annotator,\n"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_usual_separators_a_byte_order_mark_and_empty_lines_are_read(separator: str) -> None:
    text = f"\ufeffEmail{separator}ROLES\r\n\r\na@example.org{separator}annotator  expert\r\n"
    (line,) = read_people(text)
    assert (line.number, line.email, set(line.roles), line.problem) == (3, "a@example.org", {"annotator", "expert"}, "")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("nonsense,annotator,", "no email address"),
        (",annotator,", "no email address"),
        ("a@example.org,boss,", "no role “boss”"),
        ("a@example.org,,", "at least one role"),
        ("a@example.org,annotator,T,more", "more cells"),
        ("a@example.org,annotator," + "x" * 61, "too long"),
        ("=cmd@example.org,annotator,", "spreadsheets would run it"),
        ('a@example.org,annotator,"=HYPERLINK(""http://x"")"', "spreadsheets would run it"),
        ("@sum,annotator,", "spreadsheets would run it"),
    ],
)
def test_a_line_says_what_is_wrong_with_it(cells: str, words: str) -> None:
    (line,) = read_people(f"email,roles,team\n{cells}")
    assert words in line.problem


def test_an_address_counts_once() -> None:
    first, second = read_people("email,roles\na@example.org,annotator\nA@Example.org,expert")
    assert (first.problem, "twice" in second.problem) == ("", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "name,roles\nx,annotator",
        "email\nx@example.org",
        "email,roles,role\n",
        "email,email,roles\n",
        "email,roles\n" + "a@example.org,annotator\n" * (MOST_LINES + 1),
        "x" * 200_000,
    ],
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_people(text)


def test_cells_that_leave_are_shown_and_never_run() -> None:
    dangerous = ["=1+1", "+1", "-1", "@x", "\tx", "plain", 'with "quotes", and comma']
    (row,) = csv.reader(io.StringIO(write_rows([dangerous])))
    assert row == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "plain", 'with "quotes", and comma']


def test_people_with_an_account_get_roles_and_the_others_a_link(project: Project, lea: User, otto: User) -> None:
    planned = plan_import(read_people(LIST))
    assert [(one.user, bool(one.problem)) for one in planned] == [(otto, False), (None, False), (None, True)]
    for _ in range(2):  # the same list again adds nothing and renews the link
        brought = import_people(project=project, by=lea, lines=read_people(LIST))
        assert [(one.user, one.invitation is not None) for one in brought] == [(otto, False), (None, True)]
    assert Membership.objects.filter(project=project, user=otto).count() == 1
    assert Team.objects.get(project=project).name == "Night"
    assert TeamMember.objects.filter(user=otto).count() == 1
    assert Invitation.objects.filter(project=project, revoked_at=None).count() == 1
    assert not User.objects.filter(email="nia@example.org").exists()


def test_a_switched_off_account_is_left_out(project: Project, lea: User, otto: User) -> None:
    User.objects.filter(pk=otto.pk).update(is_active=False)
    assert [one.line.email for one in import_people(project=project, by=lea, lines=read_people(LIST))] == [
        "nia@example.org"
    ]


def test_the_list_is_looked_at_before_anything_happens(client: Client, project: Project, lea: User, otto: User) -> None:
    client.force_login(lea)
    page = client.post(PAGE, {"list": LIST}).content.decode()
    assert "2 people will be added" in page
    assert "1 line has a mistake" in page
    assert not Invitation.objects.exists()
    done = client.post(PAGE, {"list": LIST, "bring": "page"})
    assert "/join/" in done.content.decode()
    assert "no-store" in done["Cache-Control"]
    assert Invitation.objects.count() == 1


def test_a_file_is_read_and_the_links_come_as_csv(client: Client, project: Project, lea: User, otto: User) -> None:
    client.force_login(lea)
    file = SimpleUploadedFile("people.csv", LIST.encode("utf-8-sig"))
    page = client.post(PAGE, {"file": file})
    assert page.context["usable"] == 2
    answer = client.post(PAGE, {"list": LIST, "bring": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert [row[0] for row in rows] == ["email", "otto@example.org", "nia@example.org"]
    assert "/join/" in rows[2][1]
    assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("file", [b"\xff\xfe\x00", b"x" * 200_000])
def test_a_file_that_is_no_text_is_refused_in_words(client: Client, project: Project, lea: User, file: bytes) -> None:
    client.force_login(lea)
    assert client.post(PAGE, {"file": SimpleUploadedFile("people.csv", file)}).status_code == 400


def test_markup_in_a_list_is_shown_as_text(client: Client, project: Project, lea: User) -> None:
    client.force_login(lea)
    text = 'email,roles,team\n<script>alert(1)</script>,<img src=x>,"</textarea><script>alert(2)</script>"'
    page = client.post(PAGE, {"list": text}).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_the_preview_takes_as_many_queries_for_many_lines(
    client: Client, project: Project, lea: User, django_assert_max_num_queries: Any
) -> None:
    text = "email,roles\n" + "".join(f"p{number}@example.org,annotator\n" for number in range(200))
    client.force_login(lea)
    with django_assert_max_num_queries(6):
        assert client.post(PAGE, {"list": text}).context["usable"] == 200
