"""Where region features come from: pictures at the size that suits each region."""

from __future__ import annotations

import torch

from bench.learning.features import LEVELS, Features, _resized, _windows
from bench.learning.rounds import Engine


def test_the_second_view_has_no_colours_and_later_ones_differ(engine: Engine) -> None:
    views = engine.features.views
    assert views.shape[:2] == (2, len(engine.corpus.boxes))
    assert not torch.equal(views[0], views[1])


def test_no_views_are_computed_where_none_are_wanted(engine: Engine) -> None:
    assert Features.of(engine.starter, engine.corpus, views=0, seed=1, device="cpu").views.shape[0] == 0


def test_windows_hold_their_boxes_and_stay_within_the_picture() -> None:
    images = torch.arange(2 * 3 * 64 * 80, dtype=torch.float32).view(2, 3, 64, 80)
    boxes = torch.tensor([[0.0, 0.0, 10.0, 12.0], [60.0, 50.0, 80.0, 64.0], [30.0, 20.0, 44.0, 30.0]])
    index = torch.tensor([0, 1, 1])
    cut, moved = _windows(images, boxes, index, 32)
    assert cut.shape == (3, 3, 32, 32)
    assert ((moved >= 0) & (moved <= 32)).all()
    for number, (image, box, own) in enumerate(
        zip(index.tolist(), boxes.int().tolist(), moved.int().tolist(), strict=True)
    ):
        assert torch.equal(
            cut[number, :, own[1] : own[3], own[0] : own[2]], images[image, :, box[1] : box[3], box[0] : box[2]]
        )


def test_every_level_is_a_size_of_the_picture() -> None:
    images = torch.rand(1, 3, 64, 64)
    assert [_resized(images, scale).shape[-1] for scale in LEVELS] == [256, 128, 64, 32, 16]
