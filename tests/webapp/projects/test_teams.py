"""Teams: named groups of a project's people."""

from typing import Any

import pytest
from django.test import Client

from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict, NotFound
from webapp.projects.models import Project, Team, TeamMember
from webapp.projects.services.memberships import remove_person
from webapp.projects.services.teams import create_team, remove_team, set_members, team_named, team_of

pytestmark = pytest.mark.django_db


def members_of(team: Team) -> set[int]:
    return set(TeamMember.objects.filter(team=team).values_list("user_id", flat=True))


def test_a_team_has_a_name_of_its_own(project: Project, lea: User) -> None:
    team = create_team(project=project, by=lea, name="  Night   shift ")
    assert team.name == "Night shift"
    with pytest.raises(Conflict):
        create_team(project=project, by=lea, name="night SHIFT")
    assert team_named(project=project, by=lea, name="NIGHT shift") == team
    for name in ("", "  ", "x" * 61):
        with pytest.raises(BadInput):
            create_team(project=project, by=lea, name=name)


def test_only_people_of_the_project_can_be_in_it(project: Project, lea: User, ana: User, edo: User, otto: User) -> None:
    team = create_team(project=project, by=lea, name="Night")
    set_members(team=team, by=lea, user_ids=[ana.pk, edo.pk])
    set_members(team=team, by=lea, user_ids=[edo.pk])
    assert members_of(team) == {edo.pk}
    with pytest.raises(BadInput):
        set_members(team=team, by=lea, user_ids=[otto.pk])
    assert members_of(team) == {edo.pk}


def test_who_leaves_the_project_leaves_its_teams(project: Project, lea: User, ana: User) -> None:
    team = create_team(project=project, by=lea, name="Night")
    set_members(team=team, by=lea, user_ids=[ana.pk])
    remove_person(project=project, by=lea, user=ana)
    assert members_of(team) == set()


def test_a_team_of_another_project_is_not_found(project: Project, lea: User) -> None:
    other = Project.objects.create(name="Other", slug="other")
    team = create_team(project=other, by=lea, name="Theirs")
    with pytest.raises(NotFound):
        team_of(project=project, team_id=team.pk)
    remove_team(team=team, by=lea)
    assert not Team.objects.exists()


def test_the_page_makes_fills_and_removes_a_team(client: Client, project: Project, lea: User, ana: User) -> None:
    client.force_login(lea)
    page = "/p/street/people/teams/"
    client.post(page, {"name": "<b>Night</b>"})
    team = Team.objects.get()
    assert "<b>Night" not in client.get(page).content.decode()
    client.post(f"{page}{team.pk}/people", {"people": [str(ana.pk)]})
    assert members_of(team) == {ana.pk}
    assert client.post(f"{page}{team.pk}/people", {"people": ["x"]}).status_code == 400
    assert client.post(page, {"name": "<b>Night</b>"}).status_code == 400
    client.post(f"{page}{team.pk}/remove")
    assert not Team.objects.exists()


def test_the_page_takes_as_many_queries_for_many_teams(
    client: Client, project: Project, lea: User, ana: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        set_members(team=create_team(project=project, by=lea, name=str(number)), by=lea, user_ids=[ana.pk])
    client.force_login(lea)
    with django_assert_max_num_queries(8):
        client.get("/p/street/people/teams/")
