"""What a preview says is what draws take, on average."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.previews import Frame, SamplePreview, chosen_examples, preview_sample
from verification.sampling import draw_counts

TAIL = np.maximum(1, (2_000_000 / np.arange(1, 760_001)).astype(np.int64))


def frame(*frequencies: int) -> Frame:
    examples = [(place, f"word {place}", frequency) for place, frequency in enumerate(frequencies)]
    return Frame(np.array(frequencies, dtype=np.int64), examples, is_exact=True)


def test_items_are_what_the_quotas_ask_for() -> None:
    found = preview_sample(frame(1, 10, 10_000))
    assert (found.items, found.regions, found.concepts, found.seen) == (1 + 10 + 90, 10_011, 3, 3)
    assert [(row.text, row.quota, row.chance) for row in found.rows] == [
        ("word 0", 1.0, 1.0),
        ("word 1", 10.0, 1.0),
        ("word 2", pytest.approx(90), pytest.approx(0.009)),
    ]


def test_a_budget_scales_all_of_it() -> None:
    found = preview_sample(frame(100, 1_000, 10_000), budget=72)
    assert found.items == 72
    assert [row.quota for row in found.rows] == pytest.approx([3, 24, 45])


def test_with_fewer_items_than_concepts_chance_decides_which_are_seen() -> None:
    found = preview_sample(frame(*[50] * 1_000), budget=100)
    assert (found.items, found.concepts, found.seen) == (100, 1_000, 100)


def test_what_is_left_out_is_told() -> None:
    found = preview_sample(frame(1, 2, 8, 30, 40, 500), min_frequency=8, max_concepts=2)
    assert (found.concepts, found.regions) == (2, 540)
    assert (found.concepts_below, found.regions_below, found.concepts_cut, found.regions_cut) == (2, 3, 2, 38)
    assert [row.frequency for row in found.rows] == [40, 500]


def test_groups_add_up() -> None:
    found = preview_sample(frame(1, 9, 10, 99, 100, 12_345))
    assert [(group.low, group.high, group.concepts, group.regions) for group in found.groups] == [
        (1, 10, 2, 10),
        (10, 100, 2, 109),
        (100, 1_000, 1, 100),
        (1_000, 10_000, 0, 0),
        (10_000, 100_000, 1, 12_345),
    ]
    assert sum(group.items for group in found.groups) == pytest.approx(found.items, abs=0.5)


def test_a_long_tail_costs_precision_and_the_preview_says_so() -> None:
    # Each of the few concepts that most regions have gets a handful of items, so the sample tells about concepts, and
    # little about all regions together. This is what uniform audits are for.
    bare = preview_sample(Frame(TAIL, [], is_exact=False), budget=100_000)
    assert bare.items == 100_000
    assert bare.effective < 200
    assert bare.half_width > 0.07


def test_the_promised_interval_is_what_simulated_samples_scatter() -> None:
    sizes = np.maximum(1, (20_000 / np.arange(1, 301)).astype(np.int64))
    right = sizes // 2  # a half of every concept: the widest interval there is
    shares = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        draw = draw_counts(sizes, rng, budget=1_500)
        hits = rng.hypergeometric(right, sizes - right, draw.counts)
        weights = 1 / draw.probabilities
        shares.append((hits * weights).sum() / (draw.counts * weights).sum())
    promised = preview_sample(Frame(sizes, [], is_exact=True), budget=1_500).half_width
    assert 1.96 * np.std(shares) == pytest.approx(promised, rel=0.2)


@given(
    st.lists(st.integers(1, 100_000), min_size=1, max_size=50),
    st.none() | st.integers(1, 3_000),
    st.integers(1, 50),
    st.none() | st.integers(1, 30),
)
@settings(max_examples=100, deadline=None)
def test_the_preview_is_the_mean_of_draws(found: list[int], budget: int | None, least: int, most: int | None) -> None:
    preview: SamplePreview = preview_sample(frame(*found), budget=budget, min_frequency=least, max_concepts=most)
    chosen = np.sort(np.array([one for one in found if one >= least], dtype=np.int64))[::-1][:most]
    drawn = draw_counts(chosen, np.random.default_rng(1), budget=budget)
    assert preview.regions == chosen.sum()
    assert preview.items == pytest.approx(drawn.expected.sum(), abs=0.51)
    assert abs(preview.items - drawn.total) <= 1.01


def test_an_empty_frame_takes_nothing() -> None:
    found = preview_sample(frame())
    assert (found.items, found.concepts, found.groups, found.half_width) == (0, 0, (), 0.5)


def test_examples_show_the_whole_range() -> None:
    frequencies = np.sort(np.random.default_rng(0).zipf(1.5, 3_000))[::-1].clip(1, 100_000)
    shown = frequencies[chosen_examples(frequencies)]
    assert shown[:12].tolist() == frequencies[:12].tolist()
    assert {int(power) for power in np.log10(shown)} == {int(power) for power in np.log10(frequencies)}
    assert len(shown) < 35
    assert 1 in shown
