"""The lead's list of all packages: filtered, paged by key, with a fixed number of queries."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import member, packed, review, reviewed, said
from verification.models import ReviewPackage
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

PAGE = "/p/street/packages/"


def listed(client: Client, **query: Any) -> list[int]:
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    text = answer.content.decode()
    return [
        number
        for number in ReviewPackage.objects.order_by("-pk").values_list("pk", flat=True)
        if f">Package {number}</a>" in text
    ]


def test_leads_see_all_packages_and_filter_them(
    client: Client, project: Any, ana: Any, edo: Any, lea: Any, django_assert_max_num_queries: Any
) -> None:
    ben = member(project, "ben", "annotator")
    ben.first_name = "<b>Ben</b>"
    ben.save()
    sample = make_sample(reviewed(project, size=2), items=8)
    for place, item in enumerate(items_of(sample)):
        said(item, ana if place < 6 else ben)
    packages = packed(sample, final=False)
    client.force_login(lea)
    with CaptureQueriesContext(connection) as few:
        assert len(listed(client)) == 4
    review(packages[0], edo)
    with django_assert_max_num_queries(len(few)):
        assert len(listed(client)) == 4
    bens = [package.pk for package in packages if package.author_id == ben.pk]
    assert listed(client, author=ben.pk) == bens
    assert listed(client, state="accepted") == [packages[0].pk]
    assert listed(client, stage="qa") == []
    assert listed(client, after=packages[1].pk) == [packages[0].pk]
    text = client.get(PAGE).content.decode()
    assert "&lt;b&gt;Ben&lt;/b&gt;" in text
    assert "2 of 2" in text
    for wrong in ({"state": "lost"}, {"author": edo.pk}, {"stage": "1"}, {"after": "x"}):
        assert client.get(PAGE, wrong).status_code == 400, wrong


def test_only_those_of_the_project(client: Client, project: Any, ana: Any, lea: Any) -> None:
    sample = make_sample(reviewed(project, size=2), items=2)
    for item in items_of(sample):
        said(item, ana)
    packed(sample, final=False)
    other = Project.objects.create(name="Other", slug="other")
    client.force_login(member(other, "olga", "lead"))
    assert "Package " not in client.get("/p/other/packages/").content.decode()
    assert client.get(PAGE).status_code == 404
