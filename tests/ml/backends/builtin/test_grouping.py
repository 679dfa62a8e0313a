"""The hierarchy of segments adds up."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ml.backends.builtin.grouping import group

maps = arrays.arrays(np.int64, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 5))


@settings(max_examples=100, deadline=None)
@given(maps, st.integers(0, 1000))
def test_every_merger_is_the_union_of_two_and_the_last_is_the_photo(labels: np.ndarray, seed: int) -> None:
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    lab = np.random.default_rng(seed).uniform(0, 60, (*labels.shape, 3))
    segments = group(labels, lab)
    leaves = int(labels.max()) + 1
    # Labels need not be connected; all of them touch in a map this small, so one segment is left at the end.
    assert len(segments) == 2 * leaves - 1
    assert segments[-1].size == labels.size
    assert segments[-1].box == (0, 0, labels.shape[1], labels.shape[0])
    for number, segment in enumerate(segments[:leaves]):
        rows, columns = np.nonzero(labels == number)
        assert segment.size == len(rows)
        assert segment.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    for segment in segments:
        assert segment.histogram.sum() == 3 * segment.size
        assert 0 < segment.fill <= 1


def test_the_alike_are_merged_first() -> None:
    labels = np.repeat([[0, 1, 2, 3]], 8, axis=0).repeat(4, axis=1)
    lab = np.zeros((*labels.shape, 3))
    lab[labels == 0] = (20, 0, 0)
    lab[labels == 1] = (21, 0, 0)
    lab[labels == 2] = (80, 40, 0)
    lab[labels == 3] = (80, 41, 0)
    merged = group(labels, lab)[4:6]
    assert {segment.box for segment in merged} == {(0, 0, 8, 8), (8, 0, 16, 8)}


def test_a_border_knows_its_contrast() -> None:
    labels = np.array([[0, 1], [0, 1]])
    lab = np.zeros((2, 2, 3))
    lab[:, 1] = (30, 40, 0)
    first = group(labels, lab)[0]
    assert first.border_contrast == 50
