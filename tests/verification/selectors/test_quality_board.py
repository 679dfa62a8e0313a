"""The quality board: figures, what speaks for a look, agreement where people overlap."""

import uuid
from typing import Any

import numpy as np
import pytest

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge_all
from tests.verification.packages import judged_sample, member, packed, review, reviewed, said
from tests.verification.questions import make_question_sample
from tests.verification.services.crowds import people
from verification.agreement import cohen_kappa, krippendorff_alpha
from verification.models import Assignment, Sample, Verdict
from verification.selectors.expert_findings import confusion_of, findings, score_of
from verification.selectors.overlap import overlaps_of
from verification.selectors.quality import SORTS, Person, concerns_of, quality_board
from webapp.accounts.models import User

pytestmark = pytest.mark.django_db


def person_of(board: list[Person], user: Any) -> Person:
    return next(one for one in board if one.user_id == user.pk)


def test_a_person_is_measured_by_the_experts_with_count_and_interval(project: Any, ana: Any, edo: Any) -> None:
    reviewed(project, size=20, threshold=0.95)
    sample = judged_sample(project, ana, items=40)
    first, second = packed(sample, final=False)
    review(first, edo, wrong=1)
    review(second, edo, wrong=6)
    ana_row = person_of(quality_board(project), ana)
    assert (ana_row.experts.right, ana_row.experts.judged) == (33, 40)
    low, high = ana_row.experts.interval
    assert low < 33 / 40 < high < 0.95
    assert [(one.right, one.items, one.accepted) for one in ana_row.trend] == [(19, 20, True), (14, 20, False)]
    assert ana_row.concerns == ["errors", "package"]
    assert ana_row.seconds == 2.5


def test_under_thirty_items_nothing_is_said(project: Any, ana: Any, edo: Any) -> None:
    reviewed(project, size=20)
    review(packed(judged_sample(project, ana, items=20), final=False)[0], edo, wrong=10)
    row = person_of(quality_board(project), ana)
    assert (row.experts.judged, row.concerns) == (20, ["package"])


def test_who_is_twice_as_fast_as_the_team_stands_out(project: Any, ana: Any) -> None:
    crowd = people(project, 3)
    sample = make_sample(project, items=120, images=1)
    items = items_of(sample)
    for place, person in enumerate([ana, *crowd]):
        for item in items[place * 30 : place * 30 + 30]:
            slot = Assignment.objects.get(item=item)
            verdict = Verdict.objects.create(
                assignment=slot,
                item=item,
                annotator=person,
                key=uuid.uuid4(),
                seconds=2 if person == ana else 9 + place,
            )
            Assignment.objects.filter(pk=slot.pk).update(state="done", annotator=person, verdict=verdict)
    board = quality_board(project)
    assert person_of(board, ana).concerns == ["fast"]
    assert all(not person_of(board, one).concerns for one in crowd)
    assert board[0].user_id == ana.pk  # who needs help comes first


def test_the_board_takes_a_fixed_number_of_queries(
    project: Any, ana: Any, edo: Any, django_assert_num_queries: Any
) -> None:
    people(project, 6)
    reviewed(project, size=10)
    review(packed(judged_sample(project, ana, items=10), final=False)[0], edo)
    with django_assert_num_queries(6):
        quality_board(project)


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_every_sort_puts_the_unknown_last(project: Any, ana: Any, edo: Any, sort: str) -> None:
    zoe = member(project, "zoe", "annotator")
    reviewed(project, size=40)
    review(packed(judged_sample(project, ana, items=40), final=False)[0], edo, wrong=20)
    assert [one.user_id for one in quality_board(project, sort=sort)] == [ana.pk, zoe.pk]


def test_confusions_are_counted_tag_by_tag(project: Any, ana: Any, edo: Any) -> None:
    reviewed(project, size=10, threshold=0.5)
    sample = judged_sample(project, ana, items=10, wrong_every=1)  # Ana marks the best tag of each
    review(packed(sample, final=False)[0], edo, wrong=4)  # of four it is right
    found = confusion_of(project_id=project.pk, user_id=ana.pk)
    assert (found.found.right, found.found.judged) == (6, 6)
    assert (found.kept.right, found.kept.judged) == (40, 44)
    (tag,) = found.tags
    assert (tag.text, tag.missed, tag.struck) == ("milk jug", 0, 4)
    assert found.choices == {}


def test_with_overlap_each_is_measured_by_their_own_word(project: Any, ana: Any, edo: Any) -> None:
    ben, carl = people(project, 2)
    reviewed(project, size=6)
    sample = make_sample(project, items=6, overlap=3)
    for place, item in enumerate(items_of(sample)):
        for person in (ana, ben, carl):
            said(item, person, *(["milk jug"] if person == carl and place < 2 else []))
    review(packed(sample, final=False)[0], edo)
    by_person = findings(project_id=project.pk, user_ids=[ana.pk, ben.pk, carl.pk])
    scores = {user: score_of(found) for user, found in by_person.items()}
    assert [(scores[one.pk].right, scores[one.pk].judged) for one in (ana, ben, carl)] == [(6, 6), (6, 6), (4, 6)]
    assert confusion_of(project_id=project.pk, user_id=carl.pk).tags[0].struck == 2


def test_concerns_say_only_what_the_numbers_bear() -> None:
    from verification.selectors.gold_scores import Score

    def person(experts: Score, gold: Score) -> Person:
        return Person(1, "x", experts, gold, None, None, None, [], None, None)

    assert concerns_of(person(Score(94, 100), Score()), threshold=0.95) == []  # the interval reaches 95 %
    assert concerns_of(person(Score(80, 100), Score()), threshold=0.95) == ["errors"]
    assert concerns_of(person(Score(), Score(20, 30)), threshold=0.95) == ["gold"]
    assert concerns_of(person(Score(0, 29), Score(0, 29)), threshold=0.95) == []


def overlapping(project: Any, judges: list[Any], items: int) -> tuple[Sample, np.ndarray]:
    """Everybody judges everything; each errs on tags of their own. Returns the sample and said (people, items, tags)."""
    rng = np.random.default_rng(3)
    sample = make_sample(project, items=items, overlap=len(judges), images=1)
    truth = rng.random((items, 5)) < 0.3
    rates = np.linspace(0.02, 0.3, len(judges))
    marks = truth[None] ^ (rng.random((len(judges), items, 5)) < rates[:, None, None])
    words = [tag["text"] for tag in items_of(sample)[0].shown["tags"]]
    for place, item in enumerate(items_of(sample)):
        for number, person in enumerate(judges):
            said(item, person, *[word for word, wrong in zip(words, marks[number, place], strict=True) if wrong])
    return sample, marks


def test_agreement_is_that_of_the_single_votes(project: Any, ana: Any) -> None:
    judges = [ana, *people(project, 2)]
    _sample, marks = overlapping(project, judges, 40)
    (found,) = overlaps_of(project.pk)
    against = marks.sum(axis=0).reshape(-1)
    counts = np.stack([3 - against, against], axis=1)
    assert (found.kind, found.items, found.decisions) == ("tag", 40, 200)
    assert found.alpha.value == pytest.approx(krippendorff_alpha(counts))
    assert found.alpha.low < found.alpha.value < found.alpha.high  # type: ignore[operator]
    pairs = {frozenset((pair.first, pair.second)): pair for pair in found.pairs}
    table = np.zeros((2, 2), dtype=np.int64)
    np.add.at(table, (marks[0].reshape(-1).astype(int), marks[2].reshape(-1).astype(int)), 1)
    pair = pairs[frozenset((judges[0].username, judges[2].username))]
    assert (pair.items, pair.kappa.value) == (40, pytest.approx(cohen_kappa(table)))
    assert [rate.name for rate in found.rates] == [
        one.username for one in reversed(judges)
    ]  # who errs most comes first
    assert found.rates[0].wrong > 0.15


def test_few_shared_items_give_no_kappa_and_none_no_agreement(project: Any, ana: Any) -> None:
    assert overlaps_of(project.pk) == []
    sample = make_sample(project, items=20, overlap=2)
    judge_all(sample, [ana, people(project, 1)[0]])
    (found,) = overlaps_of(project.pk)
    assert (found.items, found.pairs) == (20, [])


def test_agreement_is_remembered_until_somebody_judges_or_is_renamed(project: Any, ana: Any) -> None:
    ben = people(project, 1)[0]
    first, second = items_of(make_sample(project, items=2, overlap=2))
    for person in (ana, ben):
        said(first, person)
    (found,) = overlaps_of(project.pk)
    assert overlaps_of(project.pk) == [found]
    for person in (ana, ben):
        said(second, person)
    (more,) = overlaps_of(project.pk)
    assert (found.items, more.items) == (1, 2)
    User.objects.filter(pk=ana.pk).update(first_name="Ana", last_name="Lee")
    (renamed,) = overlaps_of(project.pk)
    assert {rate.name for rate in renamed.rates} == {"Ana Lee", ben.username}


def test_items_that_not_all_have_judged_wait_and_questions_have_four_labels(project: Any, ana: Any) -> None:
    ben = people(project, 1)[0]
    questions = make_question_sample(make_sample(project, items=4), overlap=2)
    for place, item in enumerate(questions.items.order_by("pk")):
        said(item, ana, choice="correct")
        if place < 3:
            said(item, ben, choice="wrong_answer" if place == 0 else "correct")
    (found,) = overlaps_of(project.pk)
    assert (found.kind, found.items, found.decisions) == ("qa", 3, 3)
    assert found.rates[0].missed is None
