"""What a model is trained on."""

from __future__ import annotations

import numpy as np

from bench.learning.corpus import VOCABULARY, Corpus
from bench.learning.targets import PSEUDO_WEIGHT, SURE, Verdicts, clean, pseudo_tags, sure_tags, with_verdicts


def corpus_of(boxes: list[tuple[float, float, float, float]]) -> Corpus:
    """One picture."""
    return Corpus(
        ("a.jpg",), np.zeros((1, 256, 320, 3), np.uint8), np.zeros(1, bool), np.array(boxes, np.float64),
        np.zeros(len(boxes), np.int64), np.zeros((len(boxes), 64, 64, 3), np.uint8),
    )  # fmt: skip


def sure_of(concepts: list[int], confidence: list[float]) -> np.ndarray:
    probabilities = np.zeros((len(concepts), len(VOCABULARY)), np.float32)
    probabilities[np.arange(len(concepts)), concepts] = confidence
    return probabilities


MEDIUM = (10.0, 10.0, 60.0, 60.0)
LARGE = (100.0, 100.0, 250.0, 250.0)


def test_cleaning_keeps_the_surest_two_of_a_size() -> None:
    corpus = corpus_of([MEDIUM, MEDIUM, MEDIUM, LARGE])
    assert clean(corpus, np.array([0.5, 0.9, 0.8, 0.1], np.float32)).tolist() == [False, True, True, True]


def test_a_machines_tag_counts_by_its_confidence() -> None:
    corpus = corpus_of([MEDIUM, LARGE])
    tags = pseudo_tags(corpus, sure_of([3, 4], [0.8, 0.6]), np.array([True, False]))
    assert tags.weight.tolist() == [np.float32(PSEUDO_WEIGHT * np.float32(0.8)), 0.0]
    assert np.argwhere(tags.accepted).tolist() == [[0, 3]]


def test_verdicts_take_the_place_of_the_machines_tag() -> None:
    corpus = corpus_of([MEDIUM, LARGE])
    machine = pseudo_tags(corpus, sure_of([3, 4], [0.8, 0.6]), np.ones(2, bool))
    verdicts = Verdicts.none(2)
    shown, right = np.array([[3, 5, 6, 7, 8]]), np.array([[False, True, False, False, False]])
    verdicts.add(np.array([0]), shown, right, 1)
    tags = with_verdicts(machine, verdicts, verdicts.asked)
    assert np.argwhere(tags.accepted).tolist() == [[0, 5], [1, 4]]
    assert np.flatnonzero(tags.rejected[0]).tolist() == [3, 6, 7, 8]
    assert tags.weight[0] == 1.0


def test_without_negatives_a_region_with_nothing_accepted_is_left_out() -> None:
    corpus = corpus_of([MEDIUM])
    machine = pseudo_tags(corpus, sure_of([3], [0.8]), np.ones(1, bool))
    verdicts = Verdicts.none(1)
    verdicts.add(np.array([0]), np.array([[3, 5, 6, 7, 8]]), np.zeros((1, 5), bool), 1)
    assert with_verdicts(machine, verdicts, verdicts.asked, negatives=True).used.tolist() == [True]
    alone = with_verdicts(machine, verdicts, verdicts.asked, negatives=False)
    assert alone.used.tolist() == [False]
    assert not alone.rejected.any()


def test_a_tag_that_was_rejected_and_then_accepted_is_no_negative() -> None:
    corpus = corpus_of([MEDIUM])
    verdicts = Verdicts.none(1)
    shown = np.array([[3, 5, 6, 7, 8]])
    verdicts.add(np.array([0]), shown, np.zeros((1, 5), bool), 1)
    verdicts.add(np.array([0]), shown, np.array([[True, False, False, False, False]]), 2)
    tags = with_verdicts(pseudo_tags(corpus, sure_of([3], [1.0]), np.ones(1, bool)), verdicts, verdicts.asked)
    assert tags.accepted[0, 3]
    assert not tags.rejected[0, 3]


def test_a_model_learns_its_own_tags_where_it_is_sure() -> None:
    said = sure_of([3, 4, 5], [SURE + 0.1, SURE - 0.1, 0.9])
    tags = sure_tags(said, np.array([True, True, False]))
    assert tags.used.tolist() == [True, False, False]
    assert np.argwhere(tags.accepted).tolist() == [[0, 3]]
