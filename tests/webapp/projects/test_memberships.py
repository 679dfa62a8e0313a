"""Who is in a project, and as what: the services and the People page."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from webapp.accounts.models import User
from webapp.core.errors import ArgusError, BadInput, Conflict
from webapp.projects.models import Membership, Project, Role
from webapp.projects.services.memberships import add_person, remove_person, set_roles

pytestmark = pytest.mark.django_db

PEOPLE = "/p/street/people/"


def roles_of(project: Project, user: User) -> set[str]:
    return set(Membership.objects.filter(project=project, user=user).values_list("role", flat=True))


@pytest.mark.parametrize("who", ["otto", "OTTO", "otto@example.org", " Otto@Example.org "])
def test_somebody_with_an_account_is_added_by_name_or_address(
    project: Project, lea: User, otto: User, who: str
) -> None:
    added = add_person(project=project, by=lea, name_or_email=who, roles={Role.ANNOTATOR, Role.EXPERT})
    assert (added.user, added.password) == (otto, "")
    assert roles_of(project, otto) == {"annotator", "expert"}
    assert not User.objects.get(pk=otto.pk).must_change_password


def test_adding_twice_adds_nothing_and_keeps_roles(project: Project, lea: User, ana: User) -> None:
    for _ in range(2):
        add_person(project=project, by=lea, name_or_email="ana", roles={Role.EXPERT})
    assert roles_of(project, ana) == {"annotator", "expert"}


def test_an_unknown_address_gets_an_account_with_a_one_time_password(project: Project, lea: User) -> None:
    added = add_person(project=project, by=lea, name_or_email="nia@example.org", roles={Role.ANNOTATOR})
    assert added.user.check_password(added.password)
    assert added.user.must_change_password
    again = add_person(project=project, by=lea, name_or_email="nia@example.org", roles={Role.ANNOTATOR})
    assert (again.user, again.password) == (added.user, "")


@pytest.mark.parametrize("who", ["nobody", "not an address@", "x" * 250])
def test_an_unknown_name_is_refused(project: Project, lea: User, who: str) -> None:
    with pytest.raises(BadInput):
        add_person(project=project, by=lea, name_or_email=who, roles={Role.ANNOTATOR})


def test_a_switched_off_account_is_not_added(project: Project, lea: User, otto: User) -> None:
    User.objects.filter(pk=otto.pk).update(is_active=False)
    with pytest.raises(BadInput, match="switched off"):
        add_person(project=project, by=lea, name_or_email="otto", roles={Role.ANNOTATOR})


def test_nobody_is_added_without_a_role(project: Project, lea: User, otto: User) -> None:
    with pytest.raises(BadInput):
        add_person(project=project, by=lea, name_or_email="otto", roles=set())


def test_roles_are_replaced(project: Project, lea: User, ana: User) -> None:
    assert set_roles(project=project, by=lea, user=ana, roles={Role.EXPERT, Role.CONSUMER})
    assert roles_of(project, ana) == {"expert", "consumer"}
    assert not set_roles(project=project, by=lea, user=ana, roles={Role.EXPERT, Role.CONSUMER})


def test_the_last_lead_stays(project: Project, lea: User, admin: User) -> None:
    with pytest.raises(Conflict, match="needs a lead"):
        remove_person(project=project, by=admin, user=lea)
    with pytest.raises(Conflict, match="needs a lead"):
        set_roles(project=project, by=admin, user=lea, roles={Role.ANNOTATOR})
    assert roles_of(project, lea) == {"lead"}


def test_a_lead_may_go_when_there_is_another(project: Project, lea: User, ana: User) -> None:
    set_roles(project=project, by=lea, user=ana, roles={Role.LEAD})
    remove_person(project=project, by=ana, user=lea)
    assert roles_of(project, lea) == set()


def test_a_lead_whose_account_is_off_does_not_count(project: Project, lea: User, ana: User) -> None:
    set_roles(project=project, by=lea, user=ana, roles={Role.LEAD})
    User.objects.filter(pk=ana.pk).update(is_active=False)
    with pytest.raises(Conflict):
        remove_person(project=project, by=lea, user=lea)


def test_removing_somebody_twice_says_that_they_are_gone(project: Project, lea: User, ana: User) -> None:
    remove_person(project=project, by=lea, user=ana)
    with pytest.raises(BadInput, match="not in the project"):
        remove_person(project=project, by=lea, user=ana)


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_remove_each_other_at_once_leave_one(project: Project, lea: User, ana: User) -> None:
    set_roles(project=project, by=lea, user=ana, roles={Role.LEAD})
    start = threading.Barrier(2)
    refused: list[ArgusError] = []

    def remove(by: User, user: User) -> None:
        start.wait()
        try:
            remove_person(project=project, by=by, user=user)
        except ArgusError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((lea, ana), (ana, lea))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(project=project, role=Role.LEAD).count() == 1


# --- the page ------------------------------------------------------------------------------------------------------


def test_a_one_time_password_is_shown_once_and_never_cached(client: Client, project: Project, lea: User) -> None:
    client.force_login(lea)
    answer = client.post(f"{PEOPLE}add", {"who": "nia@example.org", "roles": ["annotator"]})
    password = answer.context["added"].password
    assert password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert password not in client.get(PEOPLE).content.decode()
    assert password not in str(dict(client.session))
    stranger = Client()
    stranger.post("/accounts/login/", {"login": "nia", "password": password})
    assert stranger.get("/").url == "/accounts/password/change/"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"who": "nobody", "roles": ["annotator"]}, "Nobody here is called"),
        ({"who": "otto", "roles": []}, "Choose at least one role"),
        ({"who": "otto", "roles": ["owner"]}, "not one of the available choices"),
        ({"roles": ["annotator"]}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    client: Client, project: Project, lea: User, otto: User, form: dict[str, Any], words: str
) -> None:
    client.force_login(lea)
    answer = client.post(f"{PEOPLE}add", form)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not roles_of(project, otto)


def test_the_page_refuses_to_remove_the_last_lead_in_words(client: Client, project: Project, lea: User) -> None:
    client.force_login(lea)
    answer = client.post(f"{PEOPLE}{lea.pk}/remove", follow=True)
    assert "A project needs a lead" in answer.content.decode()
    assert roles_of(project, lea) == {"lead"}


def test_people_of_other_projects_cannot_be_named(client: Client, project: Project, lea: User, otto: User) -> None:
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=otto, role=Role.ANNOTATOR)
    client.force_login(lea)
    assert client.post(f"{PEOPLE}{otto.pk}/roles", {"roles": ["annotator"]}).status_code == 404
    assert client.post(f"{PEOPLE}{otto.pk}/remove").status_code == 404
    assert client.post(f"/p/other/people/{otto.pk}/remove").status_code == 404
    assert roles_of(other, otto) == {"annotator"}


def test_nobody_gives_themselves_a_role(client: Client, project: Project, ana: User) -> None:
    client.force_login(ana)
    assert client.post(f"{PEOPLE}{ana.pk}/roles", {"roles": ["lead"]}).status_code == 403
    assert client.post(f"{PEOPLE}add", {"who": "ana", "roles": ["lead"]}).status_code == 403
    client.post("/accounts/profile/", {"name": "Ana", "theme": "auto", "roles": "lead", "role": "lead"})
    assert roles_of(project, ana) == {"annotator"}


def test_who_leaves_by_themselves_lands_on_the_list(client: Client, project: Project, lea: User, ana: User) -> None:
    set_roles(project=project, by=lea, user=ana, roles={Role.LEAD})
    client.force_login(ana)
    assert client.post(f"{PEOPLE}{ana.pk}/remove").url == "/"
    assert client.get(PEOPLE).status_code == 404


def test_the_page_takes_as_many_queries_for_many_people(
    client: Client, project: Project, lea: User, django_assert_max_num_queries: Any
) -> None:
    people = [User(username=f"person{number}", email=f"person{number}@example.org") for number in range(60)]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(Membership(project=project, user=user, role=Role.ANNOTATOR) for user in people)
    client.force_login(lea)
    with django_assert_max_num_queries(6):
        assert client.get(PEOPLE).content.decode().count("person5") >= 10


def test_names_with_markup_are_shown_as_text(client: Client, project: Project, lea: User, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(first_name="<script>alert(1)</script>")
    client.force_login(lea)
    assert "<script>alert(1)" not in client.get(PEOPLE).content.decode()
