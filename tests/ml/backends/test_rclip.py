"""An R-CLIP checkpoint as matcher: on the photo's feature map, and on crops as in loop 0."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from ml.backends.rclip.matcher import RClipMatcher
from ml.boxes import BoxError
from ml.checkpoint import load_model
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor
from tests.ml.backends.learned import tags
from tests.ml.backends.photos import TestPhoto, drawn

BOXES = np.array([[10.0, 10, 100, 100], [150, 90, 300, 200], [0, 0, 320, 240]])
SHARED = tags("cat", "dog", "tree")
OWN = [tags("lamp", "cat"), [], tags("red car")]
VIEWS = ["regions", "crops", "clip-crops"]


def photo() -> TestPhoto:
    return drawn(((10, 10, 100, 100), "red"), ((150, 90, 300, 200), "blue"))


@pytest.mark.parametrize("view", VIEWS)
def test_scores_are_probabilities_over_all_texts_of_the_photo(rclip_folder: Path, view: str) -> None:
    [scores] = RClipMatcher(rclip_folder, view=view).match([photo()], [BOXES], [SHARED], [OWN])
    assert scores.shared.shape == (3, 3)
    assert [len(mine) for mine in scores.own] == [2, 0, 1]
    # Region 0 lacks "red car", which is another region's own, and shares "cat" with the photo.
    without_red_car = scores.shared[0].sum() + scores.own[0][0]
    assert 0 < without_red_car < 1
    assert scores.own[0][1] == scores.shared[0, 0]
    assert len({tuple(row) for row in scores.shared.tolist()}) == 3  # the pixels count


def test_the_order_is_that_of_the_predictors_cosines(rclip_folder: Path) -> None:
    [scores] = RClipMatcher(rclip_folder).match([photo()], [BOXES], [SHARED], [OWN])
    predictor = RegionPredictor(cast(RClip, load_model(rclip_folder)))
    cosines = predictor.score(predictor.encode(photo().pixels), BOXES, ["cat", "dog", "tree"]).numpy()
    assert np.array_equal(np.argsort(scores.shared, axis=1), np.argsort(cosines, axis=1))
    logs = np.log(scores.shared)
    assert np.allclose(logs - logs[:, :1], cosines - cosines[:, :1], atol=1e-4)


def test_the_prompt_goes_around_every_tag(rclip_folder: Path) -> None:
    spelt_out = tags(*(f"a photo of a {tag.text}" for tag in SHARED))
    [plain] = RClipMatcher(rclip_folder).match([photo()], [BOXES], [spelt_out], [[[], [], []]])
    [prompted] = RClipMatcher(rclip_folder, prompt="a photo of a {}").match(
        [photo()], [BOXES], [SHARED], [[[], [], []]]
    )
    assert np.array_equal(plain.shared, prompted.shared)


@pytest.mark.parametrize("view", VIEWS)
def test_a_smaller_copy_of_the_photo_is_read_with_boxes_of_the_original(rclip_folder: Path, view: str) -> None:
    small = photo()
    large = TestPhoto(small.pixels, small.width * 4, small.height * 4)
    matcher = RClipMatcher(rclip_folder, view=view)
    first, second = matcher.match([small, large], [BOXES, BOXES * 4], [SHARED, SHARED], [OWN, OWN])
    assert np.allclose(first.shared, second.shared, atol=1e-6)


@pytest.mark.parametrize("view", VIEWS)
def test_photos_boxes_and_crops_in_chunks_score_the_same(rclip_folder: Path, view: str) -> None:
    photos = [photo(), drawn(((5, 5, 60, 90), "green")), photo()]
    arguments = photos, [BOXES, BOXES[:1], BOXES[:0]], [SHARED] * 3, [OWN, [[]], []]
    whole = RClipMatcher(rclip_folder, view=view).match(*arguments)
    parts = RClipMatcher(rclip_folder, view=view, photos=1, chunk=2).match(*arguments)
    for one, other in zip(whole, parts, strict=True):
        assert np.allclose(one.shared, other.shared, atol=1e-6)
    assert [scores.shared.shape for scores in whole] == [(3, 3), (1, 3), (0, 3)]


class Counted(TestPhoto):
    """Its pixels may be asked for so often."""

    loads = 0

    def load(self):
        self.loads += 1
        return super().load()


def test_a_photo_without_regions_is_not_decoded_and_others_once(rclip_folder: Path) -> None:
    full, empty = Counted(photo().pixels, 320, 240), Counted(photo().pixels, 320, 240)
    RClipMatcher(rclip_folder).match([full, empty], [BOXES, BOXES[:0]], [SHARED, SHARED], [OWN, []])
    assert (full.loads, empty.loads) == (1, 0)


def test_photos_without_candidates_have_no_scores(rclip_folder: Path) -> None:
    [scores] = RClipMatcher(rclip_folder).match([photo()], [BOXES], [[]], [[[], [], []]])
    assert scores.shared.shape == (3, 0)
    assert [len(mine) for mine in scores.own] == [0, 0, 0]


@pytest.mark.parametrize("view", VIEWS)
def test_a_box_that_cannot_be_used_is_named(rclip_folder: Path, view: str) -> None:
    boxes = np.array([[0.0, 0, 9, 9], [5, 5, 5, 9]])
    with pytest.raises(BoxError, match=r"box 1 \(5, 5, 5, 9\) is empty"):
        RClipMatcher(rclip_folder, view=view).match([photo()], [boxes], [SHARED], [[[], []]])


def test_a_crop_of_a_pixel_is_a_picture_too(rclip_folder: Path) -> None:
    boxes = np.array([[3.2, 3.2, 3.4, 3.4], [319.5, 239.5, 320.0, 240.0]])
    [scores] = RClipMatcher(rclip_folder, view="crops").match([photo()], [boxes], [SHARED], [[[], []]])
    assert np.isfinite(scores.shared).all()


def test_bfloat16_agrees_about_the_scores(rclip_folder: Path) -> None:
    [exact] = RClipMatcher(rclip_folder).match([photo()], [BOXES], [SHARED], [OWN])
    [rough] = RClipMatcher(rclip_folder, dtype="bfloat16").match([photo()], [BOXES], [SHARED], [OWN])
    assert np.allclose(exact.shared, rough.shared, atol=0.05)


def test_logits_that_are_no_numbers_are_not_disguised(rclip_folder: Path) -> None:
    matcher = RClipMatcher(rclip_folder)
    matcher._predictor.scale = float("nan")
    [scores] = matcher.match([photo()], [BOXES], [SHARED], [OWN])
    assert np.isnan(scores.shared).all()  # the pipeline refuses them


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"view": "crop"}, "view must be regions, crops or clip-crops, not 'crop'"),
        ({"prompt": "a photo"}, r"prompt must hold \{\}"),
        ({"chunk": 0}, "chunk must be a whole number of at least 1, not 0"),
        ({"photos": 2.5}, "photos must be a whole number of at least 1, not 2.5"),
        ({"photos": True}, "photos must be a whole number"),
        ({"chunk": "many"}, "chunk must be a whole number of at least 1, not 'many'"),
    ],
)
def test_options_that_mean_nothing_are_refused(rclip_folder: Path, options: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        RClipMatcher(rclip_folder, **options)
