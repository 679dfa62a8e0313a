"""Takedowns by API: counted first, done once, recorded."""

import uuid
from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from verification.models import SampleItem, Takedown
from verification.services.comments import add_comment

pytestmark = pytest.mark.django_db

TAKEDOWNS = "/api/v1/projects/street/takedowns"
PATH = "projects/{slug}/takedowns"
WHY = "Who is on it asked"


def post(client: Client, path: str = "", **sent: Any) -> Any:
    return client.post(f"{TAKEDOWNS}{path}", sent, content_type="application/json")


def test_a_photo_is_counted_then_removed_once(project: Any, ana: Any, lea: Any, with_token: TokenClient) -> None:
    items = items_of(make_sample(project, items=2))
    judge(items[0], ana)
    image = items[0].image
    lead = with_token(lea)
    counted = check_answer(f"{PATH}/preview", "post", post(lead, "/preview", image=image.pk, reason=WHY))
    assert (counted["image"], counted["items"]) == (image.pk, SampleItem.objects.filter(image=image).count())
    assert not Takedown.objects.exists()
    done = check_answer(PATH, "post", post(lead, image=image.pk, reason=WHY))
    assert (done["kind"], done["sha256"], done["reason"]) == ("photo", image.sha256, WHY)
    assert done["counts"]["items"] == counted["items"]
    again = check_answer(PATH, "post", post(lead, sha256=image.sha256, reason=WHY))
    assert again["id"] == done["id"]
    items[0].refresh_from_db()
    assert items[0].state == "removed"
    (listed,) = check_answer(PATH, "get", lead.get(TAKEDOWNS))["items"]
    assert listed == check_answer(f"{PATH}/{{takedown_id}}", "get", lead.get(f"{TAKEDOWNS}/{done['id']}"))


def test_a_persons_words_are_erased(project: Any, ana: Any, lea: Any, otto: Any, with_token: TokenClient) -> None:
    item = items_of(make_sample(project, items=1))[0]
    judge(item, ana)
    who = {"project_id": project.pk, "item_id": item.pk, "annotator_id": ana.pk, "writer_id": ana.pk}
    add_comment(**who, is_lead=False, text="My words", key=uuid.uuid4())
    lead = with_token(lea)
    done = check_answer(PATH, "post", post(lead, words_of=ana.pk, reason="She asked"))
    assert (done["words_of"], done["counts"]["comments"]) == (ana.pk, 1)
    for stranger in (otto.pk, 2**40):
        assert post(lead, words_of=stranger, reason=WHY).status_code == 404
        assert post(lead, "/preview", words_of=stranger, reason=WHY).status_code == 404


def test_what_cannot_be_understood_removes_nothing(project: Any, ana: Any, lea: Any, with_token: TokenClient) -> None:
    image = items_of(make_sample(project, items=1))[0].image
    lead = with_token(lea)
    for wrong in (
        {"reason": WHY},
        {"image": image.pk},
        {"image": image.pk, "reason": ""},
        {"image": image.pk, "words_of": ana.pk, "reason": WHY},
        {"sha256": "abc", "reason": WHY},
        {"image": image.pk, "reason": WHY, "everywhere": True},
        {"image": 2**40, "reason": WHY},
    ):
        assert post(lead, **wrong).status_code == 400, wrong
    for client in (with_token(ana), with_token(lea, "read", "annotate", "export")):
        assert post(client, image=image.pk, reason=WHY).status_code == 403
    assert not Takedown.objects.exists()
