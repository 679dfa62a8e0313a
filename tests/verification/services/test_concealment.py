"""Numbers as annotators see them: nothing of their order is left, and each comes back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.services.concealment import ITEM, LARGEST, SLOT, conceal, reveal


@given(st.integers(0, LARGEST))
def test_a_number_comes_back(number: int) -> None:
    for kind in (SLOT, ITEM):
        hidden = conceal(number, kind)
        assert 0 <= hidden <= LARGEST
        assert reveal(hidden, kind) == number


def test_neighbours_are_no_neighbours_and_kinds_differ() -> None:
    hidden = [conceal(number, SLOT) for number in range(1, 2001)]
    assert len(set(hidden)) == 2000
    rises = sum(one < two for one, two in pairwise(hidden))
    assert 900 < rises < 1100
    assert abs(sum(hidden) / 2000 / LARGEST - 0.5) < 0.03
    assert not set(hidden) & {conceal(number, ITEM) for number in range(1, 2001)}


def test_another_installation_conceals_otherwise(settings: object) -> None:
    before = conceal(5, SLOT)
    settings.SECRET_KEY = "another key, long enough"  # type: ignore[attr-defined]
    assert conceal(5, SLOT) != before


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_numbers_that_do_not_fit_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="bits"):
        conceal(number, SLOT)
    with pytest.raises(ValueError, match="bits"):
        reveal(number, SLOT)
