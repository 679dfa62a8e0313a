"""Majorities and intervals, by numbers and by properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.quality import Outcome, agreement, majorities, majority, wilson_interval


@pytest.mark.parametrize(
    ("against", "people", "outcome"),
    [
        (0, 1, Outcome.ACCEPTED),
        (1, 1, Outcome.REJECTED),
        (1, 2, Outcome.DISPUTED),
        (1, 3, Outcome.ACCEPTED),
        (2, 3, Outcome.REJECTED),
        (2, 4, Outcome.DISPUTED),
        (5, 9, Outcome.REJECTED),
    ],
)
def test_more_than_half_decide(against: int, people: int, outcome: Outcome) -> None:
    assert majority(against, people) is outcome


@pytest.mark.parametrize(("against", "people"), [(0, 0), (-1, 3), (4, 3)])
def test_impossible_counts_are_refused(against: int, people: int) -> None:
    with pytest.raises(ValueError, match="votes against"):
        majority(against, people)


@given(st.integers(1, 9).flatmap(lambda people: st.tuples(st.integers(0, people), st.just(people))))
def test_the_other_side_of_a_majority_is_its_opposite(votes: tuple[int, int]) -> None:
    against, people = votes
    opposite = {
        Outcome.ACCEPTED: Outcome.REJECTED,
        Outcome.REJECTED: Outcome.ACCEPTED,
        Outcome.DISPUTED: Outcome.DISPUTED,
    }
    assert majority(people - against, people) is opposite[majority(against, people)]


def test_only_an_even_number_of_people_can_dispute() -> None:
    for people in range(1, 10):
        disputed = [against for against in range(people + 1) if majority(against, people) is Outcome.DISPUTED]
        assert disputed == ([people // 2] if people % 2 == 0 else [])


def test_each_tag_has_its_own_majority() -> None:
    assert majorities((0, 3, 1), 3) == (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED)


def test_agreement_counts_single_votes() -> None:
    assert agreement((0, 0, 0, 0, 0), 3) == 1.0
    assert agreement((1, 0, 0, 0, 3), 3) == pytest.approx(14 / 15)
    assert agreement((1,), 2) == 0.5


def test_the_interval_of_95_in_100_is_that_of_the_design() -> None:
    low, high = wilson_interval(95, 100)
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)


def test_without_trials_nothing_is_known() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "trials", "z"), [(-1, 5, 1.96), (6, 5, 1.96), (1, 5, 0.0), (1, 5, float("nan"))])
def test_an_interval_of_nonsense_is_refused(hits: int, trials: int, z: float) -> None:
    with pytest.raises(ValueError, match="hits of"):
        wilson_interval(hits, trials, z)


@given(st.integers(1, 5000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_holds_the_share_and_mirrors(counts: tuple[int, int]) -> None:
    hits, trials = counts
    low, high = wilson_interval(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    mirrored = wilson_interval(trials - hits, trials)
    assert mirrored == (pytest.approx(1 - high), pytest.approx(1 - low))


@given(st.integers(0, 50), st.integers(1, 20))
def test_more_of_the_same_narrows_the_interval(hits: int, more: int) -> None:
    narrow = wilson_interval(hits * (more + 1), 50 * (more + 1))
    wide = wilson_interval(hits, 50)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
