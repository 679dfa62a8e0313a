"""Lots, acceptance, and what a plan can tell: against scipy's distributions and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verification.packing import (
    SHARES,
    Lot,
    acceptance_probability,
    is_accepted,
    least_right,
    lot_acceptance_probability,
    most_wrong,
    operating_characteristic,
    plan_lots,
    share_that_passes,
)


@given(finished=st.integers(0, 5000), size=st.integers(1, 300), final=st.booleans())
def test_lots_cover_the_items_in_order_without_a_gap(finished: int, size: int, final: bool) -> None:
    lots = plan_lots(finished, size=size, threshold=0.95, final=final)
    assert [lot.first for lot in lots] == [size * number for number in range(len(lots))]
    covered = sum(lot.size for lot in lots)
    assert covered == (finished if final else finished - finished % size)
    assert all(lot.size == size for lot in lots[:-1])


@pytest.mark.parametrize(("left", "threshold"), [(1, 1.0), (19, 1.0), (20, 0.95), (99, 0.95)])
def test_a_remainder_of_fewer_than_twenty_allows_no_error(left: int, threshold: float) -> None:
    lots = plan_lots(200 + left, size=100, threshold=0.95, final=True)
    assert lots == [Lot(0, 100, 0.95), Lot(100, 100, 0.95), Lot(200, left, threshold)]


def test_whole_packages_of_few_items_keep_their_threshold() -> None:
    assert plan_lots(10, size=10, threshold=0.8, final=True) == [Lot(0, 10, 0.8)]


def test_lots_of_nothing_are_refused() -> None:
    for finished, size in ((1, 0), (-1, 5)):
        with pytest.raises(ValueError, match="lots"):
            plan_lots(finished, size=size, threshold=0.9, final=True)


@pytest.mark.parametrize(
    ("size", "threshold", "right"),
    [(100, 0.95, 95), (20, 0.95, 19), (19, 1.0, 19), (100, 0.29, 29), (7, 0.95, 7), (30, 0.9, 27), (0, 0.95, 0)],
)
def test_the_threshold_is_a_share_not_a_binary_fraction(size: int, threshold: float, right: int) -> None:
    assert least_right(size, threshold) == right
    assert most_wrong(size, threshold) == size - right
    assert is_accepted(right, size, threshold)
    assert right == 0 or not is_accepted(right - 1, size, threshold)


def test_impossible_counts_are_refused() -> None:
    for call in (
        lambda: least_right(10, 0),
        lambda: least_right(-1, 0.9),
        lambda: is_accepted(11, 10, 0.9),
        lambda: acceptance_probability(10, 11, 0.9),
        lambda: acceptance_probability(10, 1, 1.5),
        lambda: lot_acceptance_probability(10, 11, 5, 1),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()


@given(size=st.integers(1, 1000), allowed=st.integers(0, 40), share=st.floats(0, 1))
def test_the_operating_characteristic_is_the_binomial(size: int, allowed: int, share: float) -> None:
    allowed = min(allowed, size)
    expected = stats.binom.cdf(allowed, size, 1 - share)
    assert acceptance_probability(size, allowed, share) == pytest.approx(expected, abs=1e-9)


@given(st.data())
def test_one_package_of_all_a_person_did_is_the_hypergeometric(data: st.DataObject) -> None:
    population = data.draw(st.integers(1, 400))
    wrong = data.draw(st.integers(0, population))
    size = data.draw(st.integers(0, population))
    allowed = data.draw(st.integers(0, size))
    expected = stats.hypergeom.cdf(allowed, population, wrong, size)
    assert lot_acceptance_probability(population, wrong, size, allowed) == pytest.approx(expected, abs=1e-9)


def test_better_work_passes_more_often_and_perfect_work_always() -> None:
    table = operating_characteristic(100, 0.95)
    assert [share for share, _chance in table] == list(SHARES)
    chances = [chance for _share, chance in table]
    assert chances == sorted(chances)
    assert chances[-1] == 1.0
    assert dict(table)[0.95] == pytest.approx(0.6160, abs=1e-4)


def test_the_share_that_passes_nearly_always() -> None:
    share = share_that_passes(100, 0.95, 0.95)
    assert acceptance_probability(100, 5, share) == pytest.approx(0.95, abs=2e-3)
    assert share == pytest.approx(0.9735, abs=1e-3)
