"""The bar shows each person the pages they may open, and none besides."""

import re
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

LEADS = ["Home", "Photos", "Explore", "Loops", "Packages", "Quality", "Pay", "Items", "Exports", "People", "Settings"]
PAGES = {
    "ana": ["My work", "Earnings"],
    "cleo": ["Explore", "Exports"],
    "edo": ["Home", "Audit", "Review"],
    "lea": LEADS,
    "admin": LEADS,
}


@pytest.mark.parametrize("person", sorted(PAGES))
def test_the_bar_shows_what_a_person_may_open(client: Client, request: Any, project: Any, person: str) -> None:
    client.force_login(request.getfixturevalue(person))
    page = client.get("/p/street/", follow=True).content.decode()
    bar = re.search(r'<nav aria-label="Project">(.*?)</nav>', page, re.DOTALL)
    assert bar is not None
    links = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', bar[1])
    assert [label.strip() for _address, label in links] == PAGES[person]
    for address, label in links:
        assert client.get(address).status_code == 200, label
    assert bar[1].count('aria-current="page"') == 1


def test_the_bar_names_other_projects_to_go_to(client: Client, lea: Any) -> None:
    from webapp.projects.services.projects import create_project

    create_project(user=lea, name="Harbour cameras")
    client.force_login(lea)
    page = client.get("/p/street/people/").content.decode()
    assert 'href="/p/harbour-cameras/"' in page


def test_strangers_see_no_bar_of_a_project(client: Client, project: Any) -> None:
    page = client.get("/p/street/", follow=True).content.decode()
    assert "Street and home" not in page
    assert 'aria-label="Project"' not in page
