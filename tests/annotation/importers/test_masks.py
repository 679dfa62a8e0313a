import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from annotation.importers import masks
from annotation.importers.records import ItemRefused


def encoded(pixels: np.ndarray) -> str:
    return coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))["counts"].decode()


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 1000))
def test_run_lengths_agree_with_pycocotools(height: int, width: int, share: float, seed: int) -> None:
    pixels = np.random.default_rng(seed).random((height, width)) < share
    text = encoded(pixels)
    counts = masks.decompress_counts(text)
    assert counts.sum() == height * width
    assert masks.compress_counts(counts) == text
    assert masks.checked_rle({"size": [height, width], "counts": text}, width, height) == text
    assert masks.checked_rle({"size": [height, width], "counts": counts.tolist()}, width, height) == text
    rebuilt = coco_mask.decode({"size": [height, width], "counts": text.encode()})
    assert (rebuilt.astype(bool) == pixels).all()


def test_the_box_of_a_mask_has_exclusive_edges() -> None:
    pixels = np.zeros((20, 30), dtype=bool)
    pixels[3:7, 5:6] = True  # one column wide
    assert masks.box_of_mask(encoded(pixels), 30, 20) == (5, 3, 6, 7)


def test_an_empty_mask_has_no_box() -> None:
    with pytest.raises(ItemRefused, match="empty"):
        masks.box_of_mask(encoded(np.zeros((20, 30))), 30, 20)


def test_outlines_become_masks() -> None:
    text = masks.mask_from_polygons([[5, 5, 15, 5, 15, 10, 5, 10], [20, 0, 25, 0, 25, 5]], 30, 20)
    assert masks.box_of_mask(text, 30, 20)[0] == 5
    assert masks.decompress_counts(text).sum() == 600


@pytest.mark.parametrize(
    "value",
    [
        {"size": [20, 30], "counts": [600, 1]},  # one pixel too many
        {"size": [20, 30], "counts": [599]},
        {"size": [30, 20], "counts": [600]},  # the sides swapped
        {"size": [20, 30], "counts": [-5, 605]},
        {"size": [20, 30], "counts": [2**70]},
        {"size": [20, 30], "counts": [1e999]},
        {"size": [20, 30], "counts": ["600"]},
        {"size": [20, 30], "counts": [None]},
        {"size": [20, 30], "counts": ""},
        {"size": [20, 30], "counts": "ool"},  # ends inside a number
        {"size": [20, 30], "counts": "ooooooooooooooooooooooooooooo1"},  # a number without end
        {"size": [20, 30], "counts": "\x00\x7f\u20ac"},
        {"size": [20, 30], "counts": encoded(np.ones((21, 30)))},
        {"size": [20, 30]},
        {"size": "20x30", "counts": [600]},
        "a text",
        None,
    ],
)
def test_run_lengths_that_do_not_fit_never_reach_the_c_code(value: object) -> None:
    with pytest.raises(ItemRefused) as caught:
        masks.checked_rle(value, 30, 20)
    assert caught.value.code == "bad_mask"


def test_the_message_names_both_totals() -> None:
    with pytest.raises(ItemRefused, match=r"sum to 601, not to 20 × 30 = 600"):
        masks.checked_rle({"size": [20, 30], "counts": [600, 1]}, 30, 20)


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[]],
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5]],
        [["a"] * 6],
        [[float("nan")] * 6],
        [[0, 0, 1e9, 0, 0, 5]],
        "x",
        [None],
    ],
)
def test_bad_outlines_are_refused(value: object) -> None:
    with pytest.raises(ItemRefused) as caught:
        masks.mask_from_polygons(value, 30, 20)
    assert caught.value.code == "bad_mask"
