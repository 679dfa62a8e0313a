"""Pictures that the starter learns from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.world.singles import SIDE, Singles, recoloured

NAMES = ["dog", "cat", "banana"]


@pytest.fixture(scope="module")
def singles() -> Singles:
    return Singles.render(2, 1, NAMES)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_concept_has_as_many_pictures_as_asked(singles: Singles) -> None:
    assert singles.pictures.shape == (3, 2, SIDE, SIDE, 3)
    assert not np.array_equal(singles.pictures[0, 0], singles.pictures[0, 1])


@pytest.mark.parametrize("strongly", [False, True])
def test_batches_are_pictures_of_the_wanted_size_and_repeat_with_the_seed(singles: Singles, strongly: bool) -> None:
    images, concepts = singles.batch(16, 32, seeded(), strongly=strongly)
    assert images.shape == (16, 3, 32, 32)
    assert 0 <= images.min() <= images.max() <= 1
    assert set(concepts.tolist()) <= {0, 1, 2}
    again, _ = singles.batch(16, 32, seeded(), strongly=strongly)
    assert torch.equal(images, again)


def test_recoloured_pictures_have_shades_of_one_colour() -> None:
    images = torch.rand(8, 3, 6, 6, generator=seeded(1)) * 0.5
    kept = recoloured(images, seeded(2), share=0.0)
    assert torch.equal(kept, images)
    changed = recoloured(images, seeded(2), share=1.0)
    assert ((changed - images).abs().amax((1, 2, 3)) > 0.01).all()
    # Less of the pixels' own colour differences is left.
    assert changed.std((2, 3)).mean() < images.std((2, 3)).mean() * 1.5
