"""Making, changing and pausing projects."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from webapp.accounts.models import User
from webapp.projects.models import Membership, Project, Role
from webapp.projects.services.projects import change_settings, create_project, pause_project, resume_project

pytestmark = pytest.mark.django_db

SETTINGS = {
    "name": "Street and home",
    "description": "",
    "guide": "Look twice.",
    "overlap": "3",
    "package_size": "50",
    "package_threshold": "0.9",
    "expert_overlap": "0.1",
    "gold_share": "0.05",
    "tag_rate": "0.03",
    "qa_rate": "0.02",
    "answer_rate": "0.07",
    "currency": "eur",
}


def test_the_list_shows_my_projects_with_my_roles_and_no_others(client: Client, lea: User, ana: User) -> None:
    other = Project.objects.create(name="Secret cameras", slug="secret")
    Membership.objects.create(project=other, user=lea, role=Role.EXPERT)
    client.force_login(ana)
    page = client.get("/").content.decode()
    assert "Street and home" in page
    assert "Annotator" in page
    assert "Secret cameras" not in page


def test_the_list_takes_as_many_queries_for_many_projects(
    client: Client, lea: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        create_project(user=lea, name=f"Project {number}")
    client.force_login(lea)
    with django_assert_max_num_queries(5):
        assert client.get("/").content.decode().count("Project 2") == 11


def test_somebody_in_no_project_is_told_whom_to_ask(client: Client, otto: User) -> None:
    client.force_login(otto)
    assert "Ask the lead of a project to add you" in client.get("/").content.decode()


def test_an_admin_without_projects_is_shown_how_to_make_one(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert "No project yet" in client.get("/").content.decode()


def test_who_makes_a_project_leads_it(client: Client, admin: User) -> None:
    client.force_login(admin)
    answer = client.post("/p/new", {"name": "Bird feeders", "description": "In winter."})
    assert answer.url == "/p/bird-feeders/"
    project = Project.objects.get(slug="bird-feeders")
    assert list(project.memberships.values_list("user", "role")) == [(admin.pk, "lead")]
    assert project.created_by == admin


@pytest.mark.parametrize("person", ["ana", "cleo", "edo", "otto"])
def test_people_who_lead_nothing_make_no_projects(client: Client, request: Any, person: str) -> None:
    client.force_login(request.getfixturevalue(person))
    assert client.get("/p/new").status_code == 403
    assert client.post("/p/new", {"name": "Mine"}).status_code == 403
    assert not Project.objects.filter(name="Mine").exists()


def test_the_same_name_twice_gets_another_address(lea: User) -> None:
    slugs = [create_project(user=lea, name="Bird feeders").slug for _ in range(3)]
    assert slugs == ["bird-feeders", "bird-feeders-2", "bird-feeders-3"]


@pytest.mark.parametrize(
    ("name", "slug"), [("New", "new-2"), ("写真", "project"), ("---", "project"), ("x" * 120, "x" * 50)]
)
def test_any_name_gives_a_usable_address(client: Client, lea: User, name: str, slug: str) -> None:
    project = create_project(user=lea, name=name)
    assert project.slug == slug
    client.force_login(lea)
    assert client.get(f"/p/{slug}/").status_code == 200


def test_a_project_without_a_name_is_refused(client: Client, lea: User) -> None:
    client.force_login(lea)
    assert "This field is required" in client.post("/p/new", {"name": "  "}).content.decode()


def test_a_lead_changes_the_settings(client: Client, lea: User, project: Project) -> None:
    client.force_login(lea)
    assert client.post("/p/street/settings/", SETTINGS).status_code == 302
    project.refresh_from_db()
    assert (project.overlap, project.tag_rate, project.currency) == (3, Decimal("0.0300"), "EUR")
    assert project.guide == "Look twice."
    assert not project.review_required


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overlap", "0"),
        ("overlap", "10"),
        ("overlap", "many"),
        ("tag_rate", "-0.01"),
        ("tag_rate", "NaN"),
        ("tag_rate", "0.00001"),
        ("currency", "money"),
        ("name", ""),
        ("guide", "x" * 20_001),
    ],
)
def test_a_wrong_setting_changes_nothing_and_says_why(
    client: Client, lea: User, project: Project, field: str, value: str
) -> None:
    client.force_login(lea)
    answer = client.post("/p/street/settings/", SETTINGS | {field: value})
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    project.refresh_from_db()
    assert (project.overlap, project.tag_rate) == (1, Decimal("0.0200"))


def test_fields_that_are_not_settings_cannot_be_posted(client: Client, lea: User, project: Project) -> None:
    client.force_login(lea)
    extra = {
        "slug": "mine",
        "roster": '{"matcher": "evil"}',
        "created_by": str(lea.pk),
        "paused_at": "2020-01-01",
        "id": "7",
    }
    client.post("/p/street/settings/", SETTINGS | extra)
    after = Project.objects.get(pk=project.pk)
    assert (after.slug, after.roster, after.created_by, after.paused_at) == ("street", {}, None, None)


def test_the_service_refuses_what_is_no_setting(lea: User, project: Project) -> None:
    with pytest.raises(TypeError, match="slug"):
        change_settings(project=project, user=lea, slug="mine")  # type: ignore[call-arg]


def test_saving_the_same_settings_twice_writes_once(
    lea: User, project: Project, django_assert_num_queries: Any
) -> None:
    change_settings(project=project, user=lea, overlap=3)
    with django_assert_num_queries(0):
        change_settings(project=project, user=lea, overlap=3)


def test_a_paused_project_says_who_paused_it(client: Client, lea: User, project: Project) -> None:
    client.force_login(lea)
    client.post("/p/street/settings/pause")
    project.refresh_from_db()
    assert project.paused_by == lea
    assert "By lea on" in client.get("/p/street/settings/").content.decode()
    client.post("/p/street/settings/resume")
    project.refresh_from_db()
    assert (project.paused_at, project.paused_by) == (None, None)


def test_pausing_twice_keeps_the_first_time_and_person(lea: User, admin: User, project: Project) -> None:
    assert pause_project(project=project, user=lea)
    first = project.paused_at
    assert not pause_project(project=project, user=admin)
    assert (project.paused_at, project.paused_by) == (first, lea)
    assert resume_project(project=project, user=admin)
    assert not resume_project(project=project, user=admin)
