"""Dawid and Skene's algorithm: against crowd-kit on real votes, and on people whose errors are known."""

import numpy as np
import pytest

from tests.verification.vsr_votes import REFERENCE, SETS, read_votes
from verification.dawid_skene import dawid_skene


@pytest.mark.parametrize("which", SETS)
def test_real_votes_give_what_crowd_kit_finds(which: str) -> None:
    reference = REFERENCE[which]["dawid_skene"]
    votes = read_votes(which)
    found = dawid_skene(
        votes.statements, votes.people, votes.said, most_steps=reference["steps"], tolerance=float("-inf")
    )
    assert found.priors[1] == pytest.approx(reference["prior_true"], abs=1e-6)
    assert found.probabilities[:, 1].sum() == pytest.approx(reference["sum_probability_true"], abs=1e-3)
    assert int((found.labels == 1).sum()) == reference["labelled_true"]
    for name, errors in reference["errors"].items():
        assert found.errors[votes.names.index(int(name))] == pytest.approx(np.array(errors), abs=1e-6)


def test_it_stops_where_it_has_arrived() -> None:
    votes = read_votes("extract")
    early = dawid_skene(votes.statements, votes.people, votes.said)
    late = dawid_skene(votes.statements, votes.people, votes.said, tolerance=1e-12, most_steps=1000)
    assert early.steps < late.steps < 1000
    assert np.abs(early.probabilities - late.probabilities).max() < 0.05
    assert (early.labels != late.labels).sum() <= 1


def crowd(truth: np.ndarray, rights: list[float], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Everybody judges everything; person k is right with chance rights[k]."""
    rng = np.random.default_rng(seed)
    units = np.tile(np.arange(len(truth)), len(rights))
    people = np.repeat(np.arange(len(rights)), len(truth))
    is_right = rng.random(len(units)) < np.repeat(rights, len(truth))
    return units, people, np.where(is_right, truth[units], 1 - truth[units])


def test_two_good_people_beat_three_who_guess() -> None:
    truth = np.random.default_rng(1).integers(0, 2, 2000)
    units, people, said = crowd(truth, [0.97, 0.95, 0.55, 0.55, 0.55], seed=2)
    votes = np.zeros((2000, 2))
    np.add.at(votes, (units, said), 1)
    by_majority = float((votes.argmax(axis=1) == truth).mean())
    found = dawid_skene(units, people, said)
    assert float((found.labels == truth).mean()) > by_majority + 0.05
    assert found.errors[0, 0, 0] == pytest.approx(0.97, abs=0.02)
    assert found.errors[2, 1, 1] == pytest.approx(0.55, abs=0.04)


def test_full_agreement_stays_as_it_is() -> None:
    found = dawid_skene(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([1, 1, 0, 0]))
    assert found.labels.tolist() == [1, 0]
    assert found.probabilities.sum(axis=1) == pytest.approx([1, 1])


def test_without_votes_it_is_refused() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="no votes"):
        dawid_skene(nothing, nothing, nothing)
