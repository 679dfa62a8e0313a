"""Masks that pycocotools writes pass the check; damaged ones do not."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as masks

from ml.evals.coco_files import read_ground_truth
from ml.evals.inputs import InputError
from ml.evals.run_lengths import check_segmentation

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def encoded(mask: np.ndarray[Any, Any]) -> dict[str, Any]:
    result = masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(result["size"]), "counts": result["counts"].decode()}


@settings(deadline=None)
@given(arrays.arrays(np.bool_, shapes), st.randoms())
def test_encoded_masks_fill_their_image(mask: np.ndarray[Any, Any], draw: random.Random) -> None:
    height, width = mask.shape
    segmentation = encoded(mask)
    check_segmentation(segmentation, width, height, "here")
    counts = segmentation["counts"]
    cut = counts[: draw.randrange(len(counts))]
    with pytest.raises(InputError, match="here: "):
        check_segmentation({**segmentation, "counts": cut}, width, height, "here")


def test_large_masks_with_long_runs() -> None:
    mask = np.zeros((3000, 2000), bool)
    mask[100:2500, 3:1900] = True
    check_segmentation(encoded(mask), 2000, 3000, "here")
    with pytest.raises(InputError, match="mask of size"):
        check_segmentation(encoded(mask), 2000, 2999, "here")


def test_every_published_mask_passes(test_data: Path) -> None:
    folder = test_data / "map_coco100"
    truth = read_ground_truth(folder / "instances_val2014_100.json", overlap="segm")
    assert sum(isinstance(one["segmentation"], dict) for one in truth.annotations) == 9
    lvis = read_ground_truth(test_data / "lvis" / "data" / "lvis_val_100.json", style="lvis", overlap="segm")
    assert len(lvis.annotations) == 977
