"""Pictures that the starter learns from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.world.singles import SIDE, Singles, boxes, hidden, recoloured

NAMES = ["dog", "cat", "banana"]


@pytest.fixture(scope="module")
def singles() -> Singles:
    return Singles.render(2, 1, NAMES)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_concept_has_as_many_pictures_as_asked(singles: Singles) -> None:
    assert singles.pictures.shape == (3, 2, SIDE, SIDE, 3)
    assert not np.array_equal(singles.pictures[0, 0], singles.pictures[0, 1])


def test_batches_are_pictures_of_the_wanted_size_and_repeat_with_the_seed(singles: Singles) -> None:
    images, concepts = singles.batch(16, 32, seeded())
    assert images.shape == (16, 3, 32, 32)
    assert 0 <= images.min() <= images.max() <= 1
    assert set(concepts.tolist()) <= {0, 1, 2}
    again, _ = singles.batch(16, 32, seeded())
    assert torch.equal(images, again)


def test_varied_batches_come_with_the_boxes_of_what_is_visible(singles: Singles) -> None:
    images, concepts, places = singles.varied(64, 32, seeded())
    assert images.shape == (64, 3, 32, 32)
    assert -0.01 <= images.min() <= images.max() <= 1.01
    assert concepts.shape == (64,)
    assert ((places[:, :2] >= 0) & (places[:, 2:] <= 32) & (places[:, :2] < places[:, 2:])).all()
    again = singles.varied(64, 32, seeded())
    assert torch.equal(images, again[0])
    assert torch.equal(places, again[2])


def test_a_mask_covers_the_thing_and_nothing_else(singles: Singles) -> None:
    mask = singles.masks[2, 0]
    assert 0.05 < (mask > 127).mean() < 0.7
    assert not mask[:4].any()
    assert not mask[:, :4].any()


def test_boxes_are_tight_and_nothing_visible_means_the_whole_picture() -> None:
    masks = torch.zeros(2, 6, 8, dtype=torch.bool)
    masks[0, 2:5, 3:7] = True
    assert boxes(masks).tolist() == [[3, 2, 7, 5], [0, 0, 8, 6]]


def test_recoloured_things_lose_their_own_colours_where_they_are() -> None:
    images = torch.rand(8, 3, 6, 6, generator=seeded(1)) * 0.5
    kept = recoloured(images, seeded(2), share=0.0)
    assert torch.equal(kept, images)
    where = torch.zeros(8, 1, 6, 6)
    where[:, :, 2:] = 1
    changed = recoloured(images, seeded(2), share=1.0, where=where)
    assert torch.equal(changed[:, :, :2], images[:, :, :2])
    assert ((changed - images).abs().amax((1, 2, 3)) > 0.01).all()


def test_more_than_half_of_a_hidden_thing_stays_visible() -> None:
    masks = torch.zeros(32, 1, 16, 16)
    masks[:, :, 4:12, 4:12] = 1
    images = torch.rand(32, 3, 16, 16, generator=seeded(1))
    changed, left = hidden(images, masks, seeded(2), share=1.0)
    shares = left.sum((1, 2, 3)) / masks.sum((1, 2, 3))
    assert shares.min() > 0.54
    assert (shares < 0.99).any()
    whole = shares > 0.999
    assert torch.equal(changed[whole][:, :, 4:12, 4:12], images[whole][:, :, 4:12, 4:12])
