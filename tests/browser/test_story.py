"""From a sample to accepted packages: three annotators, two experts and a lead; one package fails on the way.

24 tag items and 8 questions in `make test`; 300 and 100 in `make soak`.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PageAs
from tests.browser.story import (
    Annotator,
    Consumer,
    Expert,
    Lead,
    accepted_items,
    carelessly,
    expected_tags,
    exported_tags,
    make_world,
    right_choice,
    truth,
    written,
)
from tests.verification.packages import member, reviewed
from tests.workers.pipelines import worker
from verification.models import Assignment, LedgerEntry, PackageState, ReviewPackage, SampleItem, TaskKind, Verdict

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("tags", "questions", "size", "words"),
    [(24, 8, 6, 12), pytest.param(300, 100, 20, 160, marks=pytest.mark.soak)],
)
def test_items_go_from_the_sample_to_accepted_packages_and_the_export_holds_exactly_those(
    page_as: PageAs, project: Any, tmp_path: Path, tags: int, questions: int, size: int, words: int
) -> None:
    reviewed(project, size=size, threshold=0.8)
    make_world(project, words=words)
    ann, ben, cem = (
        Annotator(page_as(user), user)
        for user in (member(project, name, "annotator") for name in ("ann", "ben", "cem"))
    )
    experts = [Expert(page_as(user), user) for user in (member(project, name, "expert") for name in ("eva", "emil"))]
    lead = Lead(page_as(member(project, "lena", "lead")))
    consumer = Consumer(page_as(member(project, "cora", "consumer")))

    with worker(tmp_path / "worker.log"):
        loop = lead.start(items=tags, questions=questions)
        assert SampleItem.objects.filter(sample__task_kind=TaskKind.TAG).count() == tags
        assert SampleItem.objects.filter(sample__task_kind=TaskKind.QA).count() == questions

        # Cem is careless with his first package; the others do the rest, in the page and over HTTP.
        cem.by_keyboard(2, carelessly)
        assert cem.over_http(TaskKind.TAG, size - 2, carelessly) == size - 2
        lead.until(loop, lambda: ReviewPackage.objects.filter(author=cem.user).count() == 1)
        ann.by_keyboard(3)
        share = (tags - size) // 3
        for annotator in (ann, ben, cem):
            annotator.over_http(TaskKind.TAG, share)
        ann.over_http(TaskKind.TAG, tags)
        for annotator in (ben, cem, ann):
            annotator.over_http(TaskKind.QA, questions // 3)
        ben.over_http(TaskKind.QA, questions)
        for annotator in (cem, ann, ben):
            annotator.over_http(TaskKind.ANSWER, questions, written)
        assert not Assignment.objects.exclude(state="done").exists()
        lead.until(loop, lambda: ReviewPackage.objects.filter(sample__task_kind=TaskKind.QA).exists())

        # The experts take what waits, in turn. The careless package fails; what is accepted meanwhile is exported.
        states = review_all(experts)
        assert states.count(PackageState.FAILED) == 1
        failed = ReviewPackage.objects.get(state=PackageState.FAILED)
        assert failed.author == cem.user
        careless = set(SampleItem.objects.filter(packed__package=failed).values_list("region_ids__0", flat=True))
        assert len(careless) == size
        early = exported_tags(consumer.export("tags"))
        assert early == expected_tags()
        assert not careless & set(early)
        assert len(early) == tags - size

        # Somebody else judges it again, another look accepts it.
        again = ReviewPackage.objects.get(parent=failed)
        assert again.author != cem.user
        other = next(annotator for annotator in (ann, ben) if annotator.user == again.author)
        assert other.over_http(TaskKind.TAG, tags, truth) == size
        lead.until(loop, lambda: ReviewPackage.objects.get(pk=again.pk).state == PackageState.READY)
        assert review_all(experts) == [PackageState.ACCEPTED]

        late = exported_tags(consumer.export("tags"))
        assert late == expected_tags()
        assert len(late) == tags
        answers = {line["pair"]: line["choice"] for line in consumer.export("qa")}

    judged = {item.question_answer_id: right_choice(item.shown["tag"]["text"]) for item in accepted_items(TaskKind.QA)}
    assert len(judged) == questions
    assert answers == {
        item.question_answer_id: judged[item.question_answer_id]
        for item in accepted_items(TaskKind.QA)
        # A pair about a tag that people rejected for its region does not leave.
        if item.shown["tag"]["text"] not in late.get(item.region_ids[0], (set(), set()))[1]
    }
    assert not ReviewPackage.objects.exclude(state__in=(PackageState.ACCEPTED, PackageState.FAILED)).exists()
    assert {item.parent.question_answer_id for item in accepted_items(TaskKind.ANSWER) if item.parent} == {
        pair for pair, choice in judged.items() if choice == "wrong_answer"
    }
    assert Verdict.objects.count() == LedgerEntry.objects.count()


def review_all(experts: list[Expert]) -> list[str]:
    """Packages are reviewed until none waits for either; their states."""
    states: list[str] = []
    while found := [state for expert in experts if (state := expert.review_next(by_keyboard=2))]:
        states += found
    return states
