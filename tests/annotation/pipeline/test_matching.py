"""The top of each region's ranking: scores decide, ties are settled, rejected concepts stay out."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.pipeline.batches import Failure
from annotation.pipeline.matching import match_images, rank_region
from annotation.pipeline.ports import Candidate
from annotation.pipeline.roles import Role
from tests.annotation.pipeline.backends import Fake, backends, photo

BOXES = np.array([[0.0, 0, 10, 10], [20.0, 20, 60, 60]])


def shared(*texts: str, role: Role = Role.SPOTTER) -> list[Candidate]:
    return [Candidate(text, role, rank) for rank, text in enumerate(texts)]


def keyed(*texts: str) -> list[tuple[str, Candidate]]:
    return [(candidate.text, candidate) for candidate in shared(*texts)]


def texts(ranking: Any) -> list[str]:
    return [entry.candidate.text for entry in ranking]


def test_five_are_kept_best_first() -> None:
    ranking = rank_region(keyed(*"abcdefg"), np.array([0.1, 0.7, 0.3, 0.9, 0.2, 0.8, 0.4]), [], np.zeros(0))
    assert texts(ranking) == ["d", "f", "b", "g", "c"]


def test_a_tie_goes_to_the_regions_own_and_then_to_the_earlier() -> None:
    ranking = rank_region(keyed("a", "b"), np.array([0.5, 0.5]), shared("c"), np.array([0.5]))
    assert texts(ranking) == ["c", "a", "b"]


def test_a_text_that_is_shared_and_own_counts_once_with_both_masks_and_the_better_score() -> None:
    own = [Candidate("Cup", Role.IMPORTED)]
    [entry] = rank_region(keyed("cup"), np.array([0.9]), own, np.array([0.4]))
    assert entry.candidate.roles == Role.IMPORTED | Role.SPOTTER
    assert (entry.candidate.text, entry.score) == ("Cup", 0.9)


def test_a_rejected_concept_makes_room_for_the_next() -> None:
    ranking = rank_region(keyed("a", "b", "c"), np.array([0.9, 0.8, 0.7]), [], np.zeros(0), rejected={"a"}, length=2)
    assert texts(ranking) == ["b", "c"]


def test_an_offensive_candidate_takes_no_place() -> None:
    assert texts(rank_region(keyed("shit", "cup"), np.array([0.9, 0.1]), [], np.zeros(0), length=1)) == ["cup"]


def test_a_region_without_candidates_has_an_empty_ranking() -> None:
    assert rank_region([], np.zeros(0), [], np.zeros(0)) == ()


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1)), max_size=12, unique_by=lambda pair: pair[0]),
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1)), max_size=6, unique_by=lambda pair: pair[0]),
    st.sets(st.sampled_from("abcdefgh")),
)
def test_a_ranking_is_what_sorting_the_best_scores_gives(
    common: list[tuple[str, float]], mine: list[tuple[str, float]], rejected: set[str]
) -> None:
    ranking = rank_region(
        keyed(*(text for text, _ in common)),
        np.array([score for _, score in common], dtype=np.float64),
        shared(*(text for text, _ in mine)),
        np.array([score for _, score in mine], dtype=np.float64),
        rejected=rejected,
    )
    best: dict[str, float] = {}
    for text, score in [*mine, *common]:
        best[text] = max(score, best.get(text, 0.0))
    expected = sorted((text for text in best if text not in rejected), key=lambda text: -best[text])[:5]
    assert texts(ranking) == expected
    assert [entry.score for entry in ranking] == [best[text] for text in expected]


def test_rejections_belong_to_one_region() -> None:
    [rankings] = match_images(
        [photo(1)], [BOXES], [shared("cup", "cat")], [[[], []]], backends(), rejected=[[{"cup"}, set()]]
    )
    assert not isinstance(rankings, Failure)
    assert [texts(ranking) for ranking in rankings] == [["cat"], ["cup", "cat"]]


def test_the_segmenter_lifts_what_fills_the_box() -> None:
    cover = {"cup": 0.1, "cat": 1.0}
    segmenter = Fake(cover=lambda images, boxes, tags: [[[cover[t] for t in ts] for ts in p] for p in tags])
    roster = backends(segmenter=segmenter)
    [rankings] = match_images([photo(1)], [BOXES], [shared("cup", "cat")], [[[], []]], roster)
    assert not isinstance(rankings, Failure)
    assert [(e.candidate.text, e.raw, e.score) for e in rankings[0]] == [
        ("cat", 0.8, 0.8),
        ("cup", 0.9, pytest.approx(0.09)),
    ]
    [half] = match_images([photo(1)], [BOXES], [shared("cup", "cat")], [[[], []]], roster, cover_weight=0.5)
    assert not isinstance(half, Failure)
    assert half[0][1].score == pytest.approx(0.9 * 0.55)


def test_the_segmenter_may_lift_a_tag_from_below_the_cut() -> None:
    segmenter = Fake(cover=lambda images, boxes, tags: [[[t == "g" for t in ts] for ts in p] for p in tags])
    [rankings] = match_images([photo(1)], [BOXES[:1]], [shared(*"abcdefg")], [[[]]], backends(segmenter=segmenter))
    assert not isinstance(rankings, Failure)
    assert texts(rankings[0])[0] == "g"
    assert len(rankings[0]) == 5


def test_later_matchers_are_not_modulated() -> None:
    segmenter = Fake(cover=lambda *_: pytest.fail("not to be asked"))
    match_images([photo(1)], [BOXES], [shared("cup")], [[[], []]], backends(segmenter=segmenter), modulate=False)


def test_a_matcher_that_answers_nan_fails_that_photo_alone() -> None:
    from tests.annotation.pipeline.backends import flat_scores

    def match(images: Any, *rest: Any) -> Any:
        answers = flat_scores(images, *rest)
        for image, answer in zip(images, answers, strict=True):
            if image.image_id == 2:
                answer.shared[0, 0] = np.nan
        return answers

    results = match_images(
        [photo(1), photo(2)],
        [BOXES, BOXES],
        [shared("a"), shared("a")],
        [[[], []], [[], []]],
        backends(matcher=Fake(match=match)),
    )
    assert not isinstance(results[0], Failure)
    assert "matcher test:matcher: shared scores: score 0 is not finite" in str(results[1])
