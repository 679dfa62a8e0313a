"""Sources are merged per photo, and what they said stays with the region."""

import numpy as np

from annotation.pipeline.batches import Failure
from annotation.pipeline.regions import localize_images
from annotation.pipeline.roles import Role
from tests.annotation.pipeline.backends import Fake, backends, photo, proposals

CUP = [10.0, 10, 40, 40]
ALMOST_CUP = [10.0, 10, 41, 40]
TABLE = [0.0, 30, 100, 80]


def source(*boxes: list[float], tags: list[list[str]] | None = None) -> Fake:
    return Fake(localize=lambda images, _: [proposals(*boxes, tags=tags or []) for _ in images])


def test_a_detectors_box_gives_its_tag_to_the_region_it_repeats() -> None:
    roster = backends(
        sources=[("class_agnostic", source(CUP)), ("closed_set", source(ALMOST_CUP, TABLE, tags=[["cup"], ["table"]]))]
    )
    [found] = localize_images([photo(1)], [[]], roster)
    assert not isinstance(found, Failure)
    assert found.regions.boxes.tolist() == [CUP, TABLE]
    assert [[(c.text, c.roles) for c in own] for own in found.own] == [
        [("cup", Role.DETECTOR)],
        [("table", Role.DETECTOR)],
    ]


def test_grounding_sources_are_told_the_photos_tags() -> None:
    told = []
    grounding = Fake(localize=lambda images, tags: told.extend(tags) or [proposals() for _ in images])
    localize_images([photo(1), photo(2)], [["cup"], ["cat"]], backends(sources=[("grounding", grounding)]))
    assert told == [["cup"], ["cat"]]


def test_the_magnifier_adds_to_its_region_alone() -> None:
    magnifier = Fake(magnify=lambda images, boxes: [[["espresso"], []] for _ in images])
    roster = backends(sources=[("imported", source(CUP, TABLE, tags=[["cup"], []]))], magnifier=magnifier)
    [found] = localize_images([photo(1)], [[]], roster)
    assert not isinstance(found, Failure)
    assert [[c.text for c in own] for own in found.own] == [["cup", "espresso"], []]
    assert found.own[0][1].roles == Role.MAGNIFIER


def test_a_photo_with_a_box_outside_fails_alone_and_the_others_stay() -> None:
    def localize(images: list, tags: list) -> list:
        return [proposals([0.0, 0, 500, 10] if image.image_id == 2 else CUP) for image in images]

    results = localize_images(
        [photo(1), photo(2), photo(3)], [[], [], []], backends(sources=[("class_agnostic", Fake(localize=localize))])
    )
    assert [isinstance(result, Failure) for result in results] == [False, True, False]
    assert "box 0 (0, 0, 500, 10) lies outside the photo of 100 x 80 px" in str(results[1])


def test_a_photo_that_cannot_be_decoded_fails_alone() -> None:
    def localize(images: list, tags: list) -> list:
        for image in images:
            image.load()
        return [proposals(CUP) for _ in images]

    broken = photo(2)
    broken.loader = lambda: (_ for _ in ()).throw(OSError("image file is truncated"))
    results = localize_images(
        [photo(1), broken], [[], []], backends(sources=[("class_agnostic", Fake(localize=localize))])
    )
    assert not isinstance(results[0], Failure)
    assert "OSError: image file is truncated" in str(results[1])


def test_pixels_are_decoded_once_and_can_be_let_go() -> None:
    image = photo(1)
    assert image.load() is image.load()
    first = image.load()
    image.release()
    assert image.load() is not first
    assert np.asarray(first).shape == (80, 100, 3)
