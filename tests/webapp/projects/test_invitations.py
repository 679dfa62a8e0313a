"""Invitations by link: signed, single use, expiring, for the address the lead gave, with the roles the lead chose."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from webapp.accounts.models import User
from webapp.core.errors import ArgusError, BadInput, NotFound
from webapp.projects.models import Invitation, Membership, Project, Role, Team, TeamMember
from webapp.projects.services.invitations import (
    accept_invitation,
    accept_with_new_account,
    invitation_of,
    invite,
    revoke_invitation,
    token_of_invitation,
)

pytestmark = pytest.mark.django_db

NEW = {"name": "Nia N.", "username": "nia", "password": "a long enough phrase"}


def link_to(project: Project, lead: User, **more: Any) -> tuple[Invitation, str]:
    wanted = {"email": "nia@example.org", "roles": {Role.ANNOTATOR}, **more}
    made = invite(project=project, by=lead, **wanted)
    return made, token_of_invitation(made)


def roles_of(project: Project, user: User) -> set[str]:
    return set(Membership.objects.filter(project=project, user=user).values_list("role", flat=True))


def test_somebody_new_opens_an_account_with_the_invited_address_and_is_in(project: Project, lea: User) -> None:
    team = Team.objects.create(project=project, name="Night")
    _made, token = link_to(project, lea, team=team, roles={Role.ANNOTATOR, Role.EXPERT})
    entered, user = accept_with_new_account(token=token, **NEW)
    assert entered == project
    assert (user.email, user.username, user.display_name) == ("nia@example.org", "nia", "Nia N.")
    assert user.check_password(NEW["password"])
    assert not user.must_change_password
    assert roles_of(project, user) == {"annotator", "expert"}
    assert TeamMember.objects.filter(team=team, user=user).exists()


def test_a_link_works_once(project: Project, lea: User, otto: User, ana: User) -> None:
    made, token = link_to(project, lea)
    accept_invitation(token=token, user=otto)
    for user in (ana, otto):
        with pytest.raises(NotFound):
            accept_invitation(token=token, user=user)
    made.refresh_from_db()
    assert (made.used_by, roles_of(project, ana)) == (otto, {"annotator"})


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_follow_it_at_once_one_is_in(project: Project, lea: User, otto: User, admin: User) -> None:
    _made, token = link_to(project, lea)
    start = threading.Barrier(2)
    refused: list[ArgusError] = []

    def accept(user: User) -> None:
        start.wait()
        try:
            accept_invitation(token=token, user=user)
        except ArgusError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(user,)) for user in (otto, admin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(project=project, user__in=[otto, admin]).count() == 1


def test_what_is_forged_expired_revoked_or_replaced_opens_nothing_and_says_the_same(
    project: Project, lea: User, otto: User
) -> None:
    expired, expired_token = link_to(project, lea, email="a@example.org")
    Invitation.objects.filter(pk=expired.pk).update(expires_at=Now() - timedelta(minutes=1))
    revoked, revoked_token = link_to(project, lea, email="b@example.org")
    revoke_invitation(project=project, by=lea, invitation_id=revoked.pk)
    _first, replaced_token = link_to(project, lea, email="c@example.org")
    good, good_token = link_to(project, lea, email="c@example.org")
    forged = [f"{good.pk}:{'x' * 43}", good_token[:-1], f"{good.pk}", "", ":", f"{good.pk}0{good_token[1:]}", "²:x"]
    said = set()
    for token in (expired_token, revoked_token, replaced_token, *forged):
        with pytest.raises(NotFound) as refused:
            accept_invitation(token=token, user=otto)
        said.add(refused.value.message)
    assert len(said) == 1
    assert invitation_of(good_token) == good


@pytest.mark.parametrize(
    "wanted",
    [{"email": "no address"}, {"roles": set()}, {"days": 3650}, {"days": 0}],
)
def test_nonsense_is_refused(project: Project, lea: User, wanted: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        link_to(project, lea, **wanted)


def test_a_team_of_another_project_cannot_be_named(project: Project, lea: User) -> None:
    other = Project.objects.create(name="Other", slug="other")
    with pytest.raises(BadInput):
        link_to(project, lea, team=Team.objects.create(project=other, name="Theirs"))


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "nia@example.org"])
def test_a_weak_password_opens_no_account_and_leaves_the_link(project: Project, lea: User, password: str) -> None:
    made, token = link_to(project, lea)
    with pytest.raises(BadInput):
        accept_with_new_account(token=token, **{**NEW, "password": password})
    assert not User.objects.filter(username="nia").exists()
    assert invitation_of(token) == made


@pytest.mark.parametrize("username", ["ana", "ANA", "n a", "<b>", ""])
def test_a_name_that_is_taken_or_none_leaves_the_link(project: Project, lea: User, ana: User, username: str) -> None:
    made, token = link_to(project, lea)
    with pytest.raises(ArgusError):
        accept_with_new_account(token=token, **{**NEW, "username": username})
    assert invitation_of(token) == made


# --- the pages -----------------------------------------------------------------------------------------------------


def test_the_lead_gets_a_link_and_a_stranger_joins_by_it(client: Client, project: Project, lea: User) -> None:
    client.force_login(lea)
    page = client.post("/p/street/people/invitations/", {"email": "nia@example.org", "roles": ["annotator"], "days": 7})
    link = page.context["made_link"]
    assert link in page.content.decode()
    stranger = Client()
    shown = stranger.get(link)
    assert "Street and home" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    # Extra fields give neither another address nor another role.
    answer = stranger.post(link, {**NEW, "email": "boss@example.org", "roles": ["lead"], "is_superuser": "on"})
    assert answer.url == "/p/street/"
    nia = User.objects.get(username="nia")
    assert (nia.email, nia.is_superuser, roles_of(project, nia)) == ("nia@example.org", False, {"annotator"})
    assert stranger.get("/p/street/work/").status_code == 200
    assert stranger.get(link).status_code == 404


def test_who_has_an_account_signs_in_and_joins(client: Client, project: Project, lea: User, otto: User) -> None:
    _made, token = link_to(project, lea, roles={Role.CONSUMER})
    answer = client.post(f"/join/{token}", {"sign_in": "yes"})
    assert answer.url.startswith("/accounts/login/?next=/join/")
    client.force_login(otto)
    assert "signed in as otto" in client.get(f"/join/{token}").content.decode()
    assert roles_of(project, otto) == set(), "looking is not joining"
    client.post(f"/join/{token}")
    assert roles_of(project, otto) == {"consumer"}


def test_a_one_time_password_comes_first(client: Client, project: Project, lea: User, otto: User) -> None:
    _made, token = link_to(project, lea)
    User.objects.filter(pk=otto.pk).update(must_change_password=True)
    client.force_login(otto)
    assert client.post(f"/join/{token}").url == "/accounts/password/change/"
    assert roles_of(project, otto) == set()


def test_links_are_revoked_on_the_page_and_only_in_ones_own_project(
    client: Client, project: Project, lea: User
) -> None:
    made, token = link_to(project, lea)
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=lea, role=Role.LEAD)
    client.force_login(lea)
    assert client.post(f"/p/other/people/invitations/{made.pk}/revoke").status_code == 404
    client.post(f"/p/street/people/invitations/{made.pk}/revoke")
    assert Client().get(f"/join/{token}").status_code == 404
    assert "nia@example.org</h3>" not in client.get("/p/street/people/invitations/").content.decode()
