"""Agreement beyond chance: published examples, real votes against other programs, properties."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verification.vsr_votes import REFERENCE, SETS, Votes, read_votes
from verification.agreement import (
    alpha_with_interval,
    cohen_kappa,
    kappa_with_interval,
    krippendorff_alpha,
)


def counts_of(votes: Votes) -> np.ndarray:
    counts = np.zeros((votes.statements.max() + 1, 2), dtype=np.int64)
    np.add.at(counts, (votes.statements, votes.said), 1)
    return counts


def literal_alpha(units: list[list[int]]) -> float:
    """By its definition: pairs of different labels within units against pairs over all units."""
    units = [labels for labels in units if len(labels) >= 2]
    everything = [label for labels in units for label in labels]
    n = len(everything)
    observed = sum(2 * sum(a != b for a, b in combinations(labels, 2)) / (len(labels) - 1) for labels in units) / n
    expected = 2 * sum(a != b for a, b in combinations(everything, 2)) / (n * (n - 1))
    return 1 - observed / expected


def test_krippendorffs_own_example() -> None:
    # Content Analysis (2004), page 230: four observers, twelve units, five labels, with gaps; nominal alpha .743.
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    counts = np.zeros((12, 5), dtype=np.int64)
    for row in observers:
        for unit, label in enumerate(row.split()):
            if label != ".":
                counts[unit, int(label) - 1] += 1
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=0.0005)


def test_a_kappa_worked_by_hand() -> None:
    # 35 of 50 alike; by chance .5 * .6 + .5 * .4 = .5: kappa = (.7 - .5) / (1 - .5)
    assert cohen_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


@pytest.mark.parametrize("which", SETS)
def test_alpha_of_real_votes_is_what_another_program_finds(which: str) -> None:
    reference = REFERENCE[which]
    votes = read_votes(which)
    assert (votes.statements.max() + 1, len(votes.said)) == (reference["statements"], reference["votes"])
    assert krippendorff_alpha(counts_of(votes)) == pytest.approx(reference["alpha"], abs=1e-12)


@pytest.mark.parametrize("which", SETS)
def test_kappa_of_the_two_who_share_most_is_what_another_program_finds(which: str) -> None:
    first_name, second_name, shared = REFERENCE[which]["pair"]
    votes = read_votes(which)
    said: list[dict[int, int]] = []
    for name in (first_name, second_name):
        theirs = votes.people == votes.names.index(name)
        said.append(dict(zip(votes.statements[theirs].tolist(), votes.said[theirs].tolist(), strict=True)))
    both = sorted(said[0].keys() & said[1].keys())
    assert len(both) == shared
    first, second = (np.array([one[unit] for unit in both]) for one in said)
    found = kappa_with_interval(first, second, np.array(both))
    assert found.value == pytest.approx(REFERENCE[which]["kappa"], abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < REFERENCE[which]["kappa"] < found.high


@given(st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=1, max_size=20))
def test_alpha_is_its_definition(units: list[list[int]]) -> None:
    counts = np.array([[labels.count(label) for label in range(3)] for labels in units])
    labels_of_pairs = {label for labels in units if len(labels) >= 2 for label in labels}
    found = krippendorff_alpha(counts)
    if len(labels_of_pairs) < 2:
        assert found is None
    else:
        assert found == pytest.approx(literal_alpha(units))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40))
def test_kappa_does_not_care_who_is_first(pairs: list[tuple[int, int]]) -> None:
    table = np.zeros((2, 2), dtype=np.int64)
    for first, second in pairs:
        table[first, second] += 1
    forth, back = cohen_kappa(table), cohen_kappa(table.T)
    assert forth == (None if back is None else pytest.approx(back))
    if forth is not None and np.trace(table) == table.sum():
        assert forth == pytest.approx(1)


def test_nothing_to_compare_is_said_so() -> None:
    assert krippendorff_alpha(np.array([[1, 0], [0, 1]])) is None
    assert krippendorff_alpha(np.array([[3, 0], [2, 0]])) is None
    assert cohen_kappa(np.zeros((2, 2), dtype=np.int64)) is None
    nothing = np.zeros(0, dtype=np.int64)
    assert alpha_with_interval(np.zeros((0, 2), dtype=np.int64), nothing).value is None
    assert kappa_with_interval(nothing, nothing, nothing).value is None


def test_intervals_draw_whole_items_so_repeated_tags_do_not_narrow_them() -> None:
    rng = np.random.default_rng(5)
    counts = np.array([[3, 0], [0, 3], [2, 1], [1, 2]])[rng.integers(0, 4, 120)]
    items = np.arange(120)
    once = alpha_with_interval(counts, items)
    again = alpha_with_interval(np.repeat(counts, 5, axis=0), np.repeat(items, 5))
    narrow = alpha_with_interval(np.repeat(counts, 5, axis=0), np.arange(600))

    def width(found: object) -> float:
        return found.high - found.low  # type: ignore[attr-defined,no-any-return]

    assert width(again) == pytest.approx(width(once), rel=0.1)
    assert width(narrow) < 0.6 * width(once)
