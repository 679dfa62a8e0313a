"""The offline roster on a real photo, stage by stage: it gives sensible tags, twice the same."""

import numpy as np
import pytest
from PIL import Image

from annotation.pipeline import cleaning, description, matching, regions, tags
from annotation.pipeline.batches import Failure
from annotation.pipeline.ports import ImageInput, Proposals
from annotation.pipeline.rosters import DEFAULT_ROSTER
from workers.rosters import backends_of

CUP = [178.0, 22, 440, 245]


def coffee() -> ImageInput:
    data = pytest.importorskip("skimage.data")
    pixels = Image.fromarray(data.coffee())
    return ImageInput(
        1,
        pixels.width,
        pixels.height,
        lambda: pixels,
        ("a cup of coffee on a saucer with a spoon on a wooden table",),
        Proposals(np.array([CUP]), np.ones(1), [("coffee cup",)], ["41"]),
    )


def annotate(photo: ImageInput) -> tuple[regions.ImageRegions, cleaning.CleanImage, list[description.Description]]:
    backends = backends_of(DEFAULT_ROSTER)
    [tagged] = tags.tag_images([photo], backends)
    assert not isinstance(tagged, Failure)
    [found] = regions.localize_images([photo], [tagged.texts], backends)
    assert not isinstance(found, Failure)
    boxes = found.regions.boxes
    [matched] = matching.match_images([photo], [boxes], [tagged.candidates], [found.own], backends)
    assert not isinstance(matched, Failure)
    [clean] = cleaning.clean_images([photo], [boxes], [matched], backends)
    assert not isinstance(clean, Failure)
    firsts = [[ranking[0].candidate.text for ranking in clean.rankings]]
    [described] = description.describe_images([photo], [boxes[list(clean.kept)]], firsts, backends)
    assert not isinstance(described, Failure)
    return found, clean, described


def test_the_coffee_photo_from_caption_to_sentence() -> None:
    found, clean, described = annotate(coffee())
    assert found.regions.boxes[0].tolist() == CUP
    assert found.regions.keys[0] == "41"
    assert 15 <= len(found.regions) <= 60
    assert clean.rankings[0][0].candidate.text == "coffee cup"
    offered = {entry.candidate.text for ranking in clean.rankings for entry in ranking}
    assert {"cup", "coffee", "saucer", "spoon"} <= offered
    assert all(len(ranking) == 5 for ranking in clean.rankings)
    assert described[0].caption.startswith("The coffee cup is mostly ")
    assert len(described) == len(clean.kept)


def test_running_it_again_gives_the_same() -> None:
    first, second = annotate(coffee()), annotate(coffee())
    assert np.array_equal(first[0].regions.boxes, second[0].regions.boxes)
    assert first[1:] == second[1:]
