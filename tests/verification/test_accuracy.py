import pytest

from annotation.pipeline.cleaning import SizeClass
from annotation.pipeline.roles import Role
from verification.accuracy import (
    SIZES,
    JudgedItem,
    Judgement,
    accuracy_of,
    agreement_of,
    heat_by,
    heat_step,
    size_bounds,
)

FIVE = tuple((concept, True) for concept in (11, 12, 13, 14, 15))


def tags(*right: set[int] | None, region: int = 0, **extra: object) -> JudgedItem:
    """An item with five tags, judged by as many experts as sets are given; None: cannot be told."""
    said = tuple(Judgement(None if one is None else frozenset(one)) for one in right)
    values = {"weight": 1.0, "source_mask": int(Role.SPOTTER), "size_class": 2, "band": 1, "claims": FIVE}
    return JudgedItem(region_id=region, judgements=said, **(values | extra))  # type: ignore[arg-type]


def answer(correct: bool | None, region: int = 0) -> JudgedItem:
    return JudgedItem(region, 1.0, int(Role.SPOTTER), 2, 1, (), (Judgement(correct),))


def value(share: object) -> float:
    return share.value  # type: ignore[attr-defined,no-any-return]


def test_the_three_figures_of_tags() -> None:
    items = [tags({11, 12}, region=1), tags({13}, region=2), tags(set(), region=3), tags({11}, region=4)]
    found = accuracy_of(items)
    assert value(found.first) == pytest.approx(2 / 4)
    assert value(found.candidates) == pytest.approx(4 / 20)
    assert value(found.any_of_five) == pytest.approx(3 / 4)
    assert (found.judged, found.unclear, found.agreement) == (4, 0, None)


def test_in_the_verified_set_a_tag_that_people_rejected_is_right_when_experts_leave_it_out() -> None:
    claims = ((11, True), (12, False), (13, False))
    found = accuracy_of([tags({11}, region=1, claims=claims), tags({12, 11}, region=2, claims=claims)])
    assert value(found.first) == 1
    assert value(found.candidates) == pytest.approx(5 / 6)
    # Only what people said is right can be a hit.
    assert value(accuracy_of([tags({12}, claims=claims)]).any_of_five) == 0


def test_two_judgements_of_one_item_count_half_each() -> None:
    found = accuracy_of([tags({11}, {12}, region=1), tags({11}, region=2)])
    assert value(found.first) == pytest.approx(0.75)
    assert found.judged == 2


def test_what_cannot_be_told_is_left_out_and_counted() -> None:
    found = accuracy_of([tags({11}, region=1), tags(None, region=2), tags(None, {12}, region=3)])
    assert value(found.first) == pytest.approx(0.5)
    assert (found.judged, found.unclear) == (2, 1)


def test_answers_have_one_figure() -> None:
    found = accuracy_of([answer(True, 1), answer(False, 2), answer(None, 3), answer(True, 1)])
    assert value(found.first) == pytest.approx(2 / 3)
    assert (found.candidates, found.any_of_five) == (None, None)
    assert found.first is not None
    assert found.first.items == 2  # regions, not pairs
    assert found.unclear == 1


def test_items_weigh_as_much_as_they_stand_for() -> None:
    found = accuracy_of([tags({11}, region=1, weight=9.0), tags(set(), region=2)])
    assert value(found.first) == pytest.approx(0.9)


def test_nothing_judged_has_no_figures() -> None:
    found = accuracy_of([])
    assert (found.first, found.candidates, found.any_of_five, found.judged) == (None, None, None, 0)


def test_agreement_counts_single_tags_of_items_that_two_experts_judged() -> None:
    found = agreement_of([tags({11}, {11, 12}, region=1), tags({13}, region=2), tags(None, {11}, region=3)])
    assert found is not None
    assert (found.items, found.answers, found.share) == (1, 5, pytest.approx(4 / 5))
    assert found.kappa == pytest.approx((0.8 - 0.58) / 0.42)
    assert agreement_of([tags({11})]) is None


def test_the_heat_table_says_nothing_of_fewer_than_30_items() -> None:
    spotter = [tags({11} if n % 4 else set(), region=n) for n in range(40)]
    few = [tags({11}, region=100 + n, size_class=0) for n in range(29)]
    both = [tags({11}, region=200 + n, source_mask=int(Role.SPOTTER | Role.OCR)) for n in range(30)]
    heat = heat_by([*spotter, *few, *both], SIZES, lambda item: item.size_class)
    assert [role for role, _ in heat.rows] == [Role.SPOTTER, Role.OCR]
    cells = dict(heat.rows)
    assert (cells[Role.SPOTTER][0].items, cells[Role.SPOTTER][0].step) == (29, None)
    assert (cells[Role.SPOTTER][2].items, cells[Role.SPOTTER][2].step) == (70, 0)  # 60 of 70: 86 %
    assert (cells[Role.OCR][2].items, cells[Role.OCR][2].step) == (30, 0)
    assert [(role, column) for role, column, _ in heat.weakest] == [(Role.SPOTTER, 2), (Role.OCR, 2)]


def test_steps_of_colour_and_bounds_of_sizes() -> None:
    assert [heat_step(share) for share in (1, 0.85, 0.84, 0.75, 0.74, 0.55, 0.45, 0.44, 0)] == [
        0,
        0,
        1,
        1,
        2,
        3,
        4,
        5,
        5,
    ]
    assert [size_bounds(size) for size in (SizeClass.TINY, SizeClass.SMALL, SizeClass.HUGE)] == [
        (0, 20),
        (20, 40),
        (500, None),
    ]
