from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ml.boxes import BoxError
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor

from .towers import RESNET, VIT, tiny_rclip

TEXTS = ["a cat", "a dog", "a red fire hydrant", "two small houses", "a cat", "something else entirely"]
BOXES = [[0, 0, 120.5, 80], [10, 20, 40, 60], [100, 60, 110, 70], [0, 0, 15, 15], [50, 1, 51, 2]]
ROUNDING: Any = {"atol": 1e-3, "rtol": 1e-3}  # other sizes of matrices are summed in another order


def picture(width: int = 121, height: int = 80, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture(params=[VIT, RESNET], ids=["vit", "resnet"])
def model(tmp_path: Path, request: Any) -> RClip:
    return tiny_rclip(tmp_path, request.param, roi_size=4)


@pytest.fixture
def vit(tmp_path: Path) -> RClip:
    return tiny_rclip(tmp_path, VIT)


def test_scores_are_scaled_cosines(model: RClip) -> None:
    predictor = RegionPredictor(model)
    encoded = predictor.encode(picture())
    scores = predictor.score(encoded, BOXES, TEXTS)
    assert scores.shape == (5, 6)
    assert scores.dtype == torch.float32
    cosines = predictor.embed_regions(encoded, BOXES) @ predictor.embed_texts(TEXTS).T
    torch.testing.assert_close(scores, cosines / 0.07)
    torch.testing.assert_close(scores[:, 0], scores[:, 4])


def test_it_is_the_networks_own_result(model: RClip) -> None:
    """The same numbers by hand: picture resized, boxes scaled, one call of each part."""
    image = picture()
    with torch.no_grad():
        features = model.encode_images(model.preprocessing.image(image)[None])
        boxes = torch.tensor([[x1 * 64 / 121, y1 * 64 / 80, x2 * 64 / 121, y2 * 64 / 80] for x1, y1, x2, y2 in BOXES])
        regions = model.encode_regions(features, boxes, torch.zeros(5, dtype=torch.long), (64, 64))
        expected = model.logit_scale.exp() * regions @ model.encode_texts(model.tokenize(TEXTS)).T
    predictor = RegionPredictor(model)
    torch.testing.assert_close(predictor.score(predictor.encode(image), BOXES, TEXTS), expected, **ROUNDING)


@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_chunks_change_nothing(model: RClip, chunk: int) -> None:
    images = [picture(seed=seed) for seed in range(5)]
    one = RegionPredictor(model)
    other = RegionPredictor(model, image_chunk=chunk, box_chunk=chunk, text_chunk=chunk)
    for together, apart in zip(one.encode_batch(images), other.encode_batch(images), strict=True):
        torch.testing.assert_close(other.score(apart, BOXES, TEXTS), one.score(together, BOXES, TEXTS), **ROUNDING)


def test_a_batch_is_its_images_one_by_one(model: RClip) -> None:
    predictor = RegionPredictor(model)
    images = [picture(121, 80), picture(30, 200, seed=1), picture(500, 20, seed=2)]
    for image, encoded in zip(images, predictor.encode_batch(images), strict=True):
        assert encoded.size == image.size
        torch.testing.assert_close(encoded.features, predictor.encode(image).features, **ROUNDING)
    assert predictor.encode_batch([]) == []


def test_the_order_of_boxes_and_texts_permutes_rows_and_columns(model: RClip) -> None:
    predictor = RegionPredictor(model)
    encoded = predictor.encode(picture())
    scores = predictor.score(encoded, BOXES, TEXTS)
    rows, columns = [3, 1, 4, 0, 2], [5, 0, 3, 2, 1, 4]
    again = predictor.score(encoded, [BOXES[row] for row in rows], [TEXTS[column] for column in columns])
    torch.testing.assert_close(again, scores[rows][:, columns], **ROUNDING)


def test_it_is_deterministic(model: RClip) -> None:
    def scores() -> Tensor:
        predictor = RegionPredictor(model)
        return predictor.score(predictor.encode(picture()), BOXES, TEXTS)

    assert torch.equal(scores(), scores())


def test_no_boxes_and_no_texts_give_empty_tables(model: RClip) -> None:
    predictor = RegionPredictor(model)
    encoded = predictor.encode(picture())
    assert predictor.score(encoded, [], TEXTS).shape == (0, 6)
    assert predictor.score(encoded, BOXES, []).shape == (5, 0)
    assert predictor.embed_texts([]).shape == (0, 24)


def test_no_box_at_all_is_the_whole_image(model: RClip) -> None:
    predictor = RegionPredictor(model)
    encoded = predictor.encode(picture())
    assert torch.equal(predictor.score(encoded, None, TEXTS), predictor.score(encoded, [[0, 0, 121, 80]], TEXTS))


def test_bad_boxes_are_refused_in_pixels_of_the_original(vit: RClip) -> None:
    predictor = RegionPredictor(vit)
    with pytest.raises(BoxError, match=r"box 1 \(0, 0, 123, 80\) is outside the image of 121 x 80 px"):
        predictor.score(predictor.encode(picture()), [[0, 0, 121, 80], [0, 0, 123, 80]], TEXTS)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_ranks_alike(model: RClip, dtype: torch.dtype) -> None:
    exact = RegionPredictor(model)
    scores = exact.score(exact.encode(picture()), BOXES, TEXTS)
    half = RegionPredictor(model, dtype=dtype)
    encoded = half.encode(picture())
    assert encoded.features.dtype == dtype
    near = half.score(encoded, BOXES, TEXTS)
    assert near.dtype == torch.float32
    torch.testing.assert_close(near, scores, atol=0.3, rtol=0)
    assert half.scale == exact.scale, "the scale is not rounded"


class CountingModel:
    """Counts the texts that reach the text tower."""

    def __init__(self, model: RClip, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[int] = []
        encode = model.encode_texts

        def counted(ids: Tensor) -> Tensor:
            self.batches.append(len(ids))
            return encode(ids)

        monkeypatch.setattr(model, "encode_texts", counted)


def test_texts_are_embedded_once(vit: RClip, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = CountingModel(vit, monkeypatch)
    predictor = RegionPredictor(vit)
    first = predictor.embed_texts(TEXTS)
    assert counting.batches == [5], "a text that stands twice is embedded once"
    assert torch.equal(predictor.embed_texts(TEXTS), first)
    predictor.embed_texts([*TEXTS, "new"])
    assert counting.batches == [5, 1]


def test_the_cache_is_bounded_and_forgets_what_was_used_longest_ago(
    vit: RClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = CountingModel(vit, monkeypatch)
    predictor = RegionPredictor(vit, cached_texts=3)

    def embedded(texts: Sequence[str]) -> int:
        before = sum(counting.batches)
        predictor.embed_texts(texts)
        return sum(counting.batches) - before

    assert embedded(["a", "b", "c"]) == 3
    assert embedded(["a"]) == 0
    assert embedded(["d"]) == 1, "b makes room"
    assert embedded(["a", "c", "d"]) == 0
    assert embedded(["b"]) == 1
    assert len(predictor._cache) == 3


@pytest.mark.parametrize("cached", [0, 1, 2, 7])
def test_a_cache_of_any_size_gives_the_same_embeddings(vit: RClip, cached: int) -> None:
    texts = [f"text {number % 11}" for number in range(40)]
    expected = RegionPredictor(vit).embed_texts(texts)
    small = RegionPredictor(vit, cached_texts=cached, text_chunk=3)
    for _ in range(3):
        torch.testing.assert_close(small.embed_texts(texts), expected)
        torch.testing.assert_close(small.embed_texts(texts[::-3]), expected[torch.arange(39, -1, -3)])
    assert len(small._cache) == min(cached, 11)


def test_the_model_is_used_as_in_evaluation_and_keeps_no_graph(tmp_path: Path) -> None:
    model = tiny_rclip(tmp_path, RESNET).train()
    predictor = RegionPredictor(model)
    assert not model.training
    encoded = predictor.encode(picture())
    assert not encoded.features.requires_grad
    assert not predictor.score(encoded, BOXES, TEXTS).requires_grad


def test_an_encoded_image_holds_its_own_map_alone(vit: RClip) -> None:
    encoded = RegionPredictor(vit).encode_batch([picture(seed=seed) for seed in range(4)])
    assert encoded[0].features.untyped_storage().nbytes() == encoded[0].features.numel() * 4
