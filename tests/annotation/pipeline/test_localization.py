"""Algorithm 1 equals the loop that the paper prints, whatever the boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.pipeline.localization import Regions, close_pairs, merge_source, merge_sources, merge_targets
from annotation.pipeline.ports import Floats, Proposals
from annotation.pipeline.roles import Role


def iou(a: Floats, b: Floats) -> float:
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    inter = width * height
    return float(inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter))


def literal_targets(existing: Floats, new: Floats, threshold: float) -> list[int]:
    """The loop of Algorithm 1, one pair at a time."""
    regions = list(existing)
    targets = []
    for box in new:
        overlaps = [iou(box, region) for region in regions]
        best = max(range(len(overlaps)), key=lambda at: (overlaps[at], -at), default=None)
        if best is not None and overlaps[best] > threshold:
            targets.append(best)
        else:
            targets.append(len(regions))
            regions.append(box)
    return targets


# A coarse grid gives ties, identical, touching and nested boxes; a fine one the ordinary case.
coarse = st.tuples(*[st.integers(0, 4)] * 2, *[st.integers(1, 4)] * 2).map(
    lambda box: (float(box[0]), float(box[1]), float(box[0] + box[2]), float(box[1] + box[3]))
)
fine = st.tuples(*[st.integers(0, 3000)] * 2, *[st.integers(1, 3000)] * 2).map(
    lambda box: (box[0] / 100, box[1] / 100, (box[0] + box[2]) / 100, (box[1] + box[3]) / 100)
)
boxes = st.one_of(st.lists(coarse, max_size=14), st.lists(fine, max_size=14), st.lists(coarse | fine, max_size=14)).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 4)
)
thresholds = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9]) | st.floats(0.01, 0.99)


@settings(max_examples=400, deadline=None)
@given(existing=boxes, new=boxes, threshold=thresholds.filter(lambda value: value > 0))
def test_every_box_goes_where_the_literal_loop_sends_it(existing: Floats, new: Floats, threshold: float) -> None:
    assert merge_targets(existing, new, threshold).tolist() == literal_targets(existing, new, threshold)


@settings(max_examples=150, deadline=None)
@given(existing=boxes, new=boxes, threshold=st.floats(0.01, 0.99))
def test_no_pair_above_the_threshold_is_missed(existing: Floats, new: Floats, threshold: float) -> None:
    together = np.concatenate((existing, new))
    expected = [
        (ours, theirs)
        for ours in range(len(existing), len(together))
        for theirs in range(ours)
        if iou(together[ours], together[theirs]) > threshold
    ]
    ours, theirs, overlaps = close_pairs(existing, new, threshold)
    assert list(zip(ours.tolist(), theirs.tolist(), strict=True)) == expected
    assert overlaps.tolist() == [iou(together[a], together[b]) for a, b in expected]


@pytest.mark.parametrize("seed", range(3))
def test_three_hundred_and_three_hundred_crowded_boxes_equal_the_literal_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 200, (600, 2))
    both = np.hstack((corners, corners + random.uniform(20, 60, (600, 2)))).round(0)
    both = both[(both[:, 0] < both[:, 2]) & (both[:, 1] < both[:, 3])]
    existing, new = both[:300], both[300:]
    assert merge_targets(existing, new, 0.6).tolist() == literal_targets(existing, new, 0.6)


def test_an_overlap_of_exactly_the_threshold_does_not_merge() -> None:
    existing, new = np.array([[0.0, 0, 4, 4]]), np.array([[0.0, 0, 4, 3]])
    assert iou(existing[0], new[0]) == 0.75
    assert merge_targets(existing, new, 0.75).tolist() == [1]
    assert merge_targets(existing, new, 0.7499).tolist() == [0]


def test_a_tie_goes_to_the_lower_number() -> None:
    existing = np.array([[0.0, 0, 10, 9], [0.0, 1, 10, 10]])
    new = np.array([[0.0, 0, 10, 10]])
    assert merge_targets(existing, new, 0.5).tolist() == [0]


def test_a_box_merged_away_is_no_region_for_the_next_one() -> None:
    # The second box joins the first; the third is near the second only, and so becomes a region.
    chain = np.array([[0.0, 0, 10, 10], [2.0, 0, 12, 10], [4.0, 0, 14, 10]])
    assert merge_targets(np.zeros((0, 4)), chain, 0.6).tolist() == [0, 0, 1]


def test_within_a_source_the_best_score_comes_first() -> None:
    first = Proposals(np.array([[50.0, 50, 60, 60]]), np.array([1.0]))
    second = Proposals(np.array([[0.0, 0, 10, 10], [0.0, 0, 10, 9.5]]), np.array([0.2, 0.9]), [("worse",), ("better",)])
    regions = merge_sources([(first, Role.CLASS_AGNOSTIC), (second, Role.DETECTOR)], 0.75)
    assert regions.boxes.tolist() == [[50, 50, 60, 60], [0, 0, 10, 9.5]]
    assert [support.text for support in regions.tags[1]] == ["better", "worse"]
    assert regions.merged[1] == [(1, 0)]


def test_a_merged_box_leaves_its_tags_with_their_source() -> None:
    photo = Proposals(np.array([[0.0, 0, 10, 10]]), np.array([0.5]), keys=["a1"])
    detector = Proposals(np.array([[0.0, 0, 10, 9.9], [80.0, 80, 90, 90]]), np.array([0.9, 0.8]), [("cat",), ("cup",)])
    regions = merge_sources([(photo, Role.CLASS_AGNOSTIC), (detector, Role.DETECTOR)], 0.75)
    assert len(regions) == 2
    assert regions.keys == ["a1", None]
    assert regions.sources.tolist() == [0, 1]
    assert regions.indices.tolist() == [0, 1]
    assert [(tag.text, tag.role, tag.source, tag.box) for tag in regions.tags[0]] == [("cat", Role.DETECTOR, 1, 0)]
    assert [tag.text for tag in regions.tags[1]] == ["cup"]


def test_the_first_sources_boxes_all_stay() -> None:
    twins = Proposals(np.array([[0.0, 0, 10, 10], [0.0, 0, 10, 10]]), np.array([0.1, 0.2]))
    regions = merge_sources([(twins, Role.IMPORTED)], 0.75)
    assert len(regions) == 2
    assert regions.indices.tolist() == [1, 0]


def test_an_empty_first_source_leaves_the_second_to_algorithm_1() -> None:
    twins = Proposals(np.array([[0.0, 0, 10, 10], [0.0, 0, 10, 10]]), np.array([0.1, 0.2]))
    regions = merge_sources([(Proposals(), Role.IMPORTED), (twins, Role.CLASS_AGNOSTIC)], 0.75)
    assert regions.indices.tolist() == [1]
    assert regions.merged == [[(1, 0)]]


def test_of_each_source_only_the_best_boxes_count() -> None:
    corners = np.arange(0, 100, 10, dtype=np.float64)
    many = Proposals(np.stack((corners, corners, corners + 5, corners + 5), axis=1), np.arange(10.0))
    regions = merge_sources([(many, Role.CLASS_AGNOSTIC)], 0.75, max_boxes=3)
    assert regions.indices.tolist() == [9, 8, 7]


def test_merging_a_source_does_not_change_the_regions_so_far() -> None:
    start = merge_sources([(Proposals(np.array([[0.0, 0, 9, 9]]), np.array([1.0])), Role.IMPORTED)], 0.75)
    more = Proposals(np.array([[0.0, 0, 9, 9]]), np.array([1.0]), [("dog",)])
    after = merge_source(start, more, source=1, role=Role.DETECTOR, threshold=0.75)
    again = merge_source(start, more, source=1, role=Role.DETECTOR, threshold=0.75)
    assert start.tags == [[]]
    assert len(after.tags[0]) == len(again.tags[0]) == 1


def test_no_boxes_at_all_give_no_regions() -> None:
    assert len(merge_sources([(Proposals(), Role.IMPORTED), (Proposals(), Role.DETECTOR)], 0.75)) == 0
    assert len(Regions()) == 0
