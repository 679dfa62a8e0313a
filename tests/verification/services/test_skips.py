from typing import Any

import pytest

from tests.factories import make_sample
from tests.verification.services.crowds import in_threads, people
from verification.models import Assignment, SampleItem, Skip
from verification.services.queue import lease_items, lease_next
from verification.services.skips import skip_item
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


def lease_one(project: Any, user: Any) -> Any:
    (item,) = lease_items(project_id=project.pk, user_id=user.pk, count=1)
    return item


def skip(project: Any, user: Any, item: Any, reason: str = "unsure") -> None:
    skip_item(project_id=project.pk, user_id=user.pk, assignment_id=item.assignment_id, reason=reason)


def test_a_skip_frees_the_slot_and_the_person_never_gets_the_item_again(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=1)
    item = lease_one(project, ana)
    skip(project, ana, item, "broken_photo")
    assert Skip.objects.get().reason == "broken_photo"
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=1) == []
    assert lease_one(project, edo).item_id == item.item_id


def test_skipping_again_changes_nothing(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    item = lease_one(project, ana)
    skip(project, ana, item)
    skip(project, ana, item, "other")
    assert Skip.objects.get().reason == "unsure"


def test_three_people_who_skip_send_the_item_to_the_lead(project: Any) -> None:
    make_sample(project, items=1)
    *three, fourth = people(project, 4)
    for number, person in enumerate(three):
        assert SampleItem.objects.get().state == "open", number
        skip(project, person, lease_one(project, person))
    assert SampleItem.objects.get().state == "escalated"
    assert lease_items(project_id=project.pk, user_id=fourth.pk, count=1) == []
    assert Assignment.objects.get().state == "open"


@pytest.mark.django_db(transaction=True)
def test_three_skips_at_once_are_counted_as_three(project: Any) -> None:
    crowd = people(project, 3)
    make_sample(project, items=1, overlap=3)
    given = [lease_next(project_id=project.pk, user_id=person.pk, count=1)[0] for person in crowd]
    in_threads(
        [
            lambda person=person, item=item: skip(project, person, item)
            for person, item in zip(crowd, given, strict=True)
        ]
    )
    assert SampleItem.objects.get().state == "escalated"


def test_only_a_known_reason_and_an_item_one_holds(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=1)
    item = lease_one(project, ana)
    with pytest.raises(BadInput):
        skip(project, ana, item, "because")
    with pytest.raises(Conflict):
        skip(project, edo, item)
    with pytest.raises(NotFound):
        skip_item(project_id=project.pk, user_id=ana.pk, assignment_id=10**12, reason="unsure")
