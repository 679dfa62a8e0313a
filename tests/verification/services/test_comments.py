"""Threads about items: who may read and write them, and what is new."""

import uuid
from typing import Any

import pytest

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import member, packed, review, reviewed, rule_all, said
from tests.verification.services.crowds import people
from verification.models import Comment
from verification.selectors.comments import count_unanswered, count_unread, remarks_of, waiting_threads
from verification.services.comments import MOST_IN_THREAD, add_comment, mark_read
from verification.services.reviews import decide_package
from webapp.core.errors import BadInput, NotFound, TooMany
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(project: Any, ana: Any) -> Any:
    """An item that Ana judged."""
    sample = make_sample(reviewed(project, size=1), items=2)
    item = items_of(sample)[0]
    said(item, ana)
    return item


def write(
    item: Any, annotator: Any, writer: Any, text: str = "Is it a jug?", *, lead: bool = False, key: Any = None
) -> Any:
    return add_comment(
        project_id=item.sample.project_id,
        item_id=item.pk,
        annotator_id=annotator.pk,
        writer_id=writer.pk,
        is_lead=lead,
        text=text,
        key=key or uuid.uuid4(),
    )


def test_annotator_and_lead_talk_about_an_item(project: Any, item: Any, ana: Any, lea: Any) -> None:
    write(item, ana, ana)
    write(item, ana, lea, "It is.", lead=True)
    remarks, last = remarks_of(item_id=item.pk, annotator_id=ana.pk, reader_id=ana.pk, with_names=False)
    assert [(one.role, one.is_mine, one.text, one.name) for one in remarks] == [
        ("annotator", True, "Is it a jug?", ""),
        ("lead", False, "It is.", ""),
    ]
    assert last == Comment.objects.order_by("-pk")[0].pk


def test_an_expert_joins_only_after_deciding(project: Any, item: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(item.sample, final=False)
    for attempt in ("before", "while ruling"):
        with pytest.raises(NotFound):
            write(item, ana, edo)
        if attempt == "before":
            rule_all(package, edo)
    decide_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    assert write(item, ana, edo, "Look at the handle.").role == "expert"


def test_nobody_else_can_write_nor_can_work_be_made_up(project: Any, item: Any, ana: Any, edo: Any, lea: Any) -> None:
    ben = people(project, 1)[0]
    other = items_of(item.sample)[1]
    for refused in (
        lambda: write(item, ana, ben),
        lambda: write(item, ben, ben),
        lambda: write(item, ben, lea, lead=True),
        lambda: write(other, ana, ana),
        lambda: write(item, ana, member(project, "otto2", "expert")),
    ):
        with pytest.raises(NotFound):
            refused()
    assert not Comment.objects.exists()


def test_an_item_of_another_project_is_none(project: Any, item: Any, ana: Any, lea: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    with pytest.raises(NotFound):
        add_comment(
            project_id=other.pk,
            item_id=item.pk,
            annotator_id=ana.pk,
            writer_id=lea.pk,
            is_lead=True,
            text="x",
            key=uuid.uuid4(),
        )


def test_the_same_form_sent_twice_is_one_comment(item: Any, ana: Any, lea: Any) -> None:
    key = uuid.uuid4()
    assert write(item, ana, ana, key=key) == write(item, ana, ana, key=key)
    with pytest.raises(NotFound):
        write(item, ana, lea, lead=True, key=key)
    assert Comment.objects.count() == 1


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 1001])
def test_empty_and_endless_comments_are_refused(item: Any, ana: Any, text: str) -> None:
    with pytest.raises(BadInput):
        write(item, ana, ana, text)


def test_a_thread_is_full_at_some_time(item: Any, ana: Any) -> None:
    Comment.objects.bulk_create(
        Comment(
            project=item.sample.project,
            item=item,
            annotator=ana,
            writer=ana,
            role="annotator",
            text="x",
            key=uuid.uuid4(),
        )
        for _one in range(MOST_IN_THREAD)
    )
    with pytest.raises(TooMany):
        write(item, ana, ana)


def test_what_is_new_is_counted_until_it_is_read(project: Any, item: Any, ana: Any, edo: Any, lea: Any) -> None:
    def unread(person: Any) -> int:
        return count_unread(project_id=project.pk, user_id=person.pk)

    write(item, ana, ana)
    assert (unread(ana), unread(edo)) == (0, 0)
    assert count_unanswered(project_id=project.pk) == 1
    assert list(waiting_threads(project_id=project.pk, limit=5)) == [(item.pk, ana.pk)]
    answer = write(item, ana, lea, "Yes.", lead=True)
    assert (unread(ana), count_unanswered(project_id=project.pk)) == (1, 0)
    for last in (answer.pk, answer.pk - 1):  # never goes back
        mark_read(item_id=item.pk, annotator_id=ana.pk, reader_id=ana.pk, last_comment_id=last)
        assert unread(ana) == 0
    package = packed(item.sample, final=False)[0]
    review(package, edo)
    write(item, ana, edo, "I agree.")
    assert (unread(ana), unread(lea), unread(edo)) == (1, 1, 0)
