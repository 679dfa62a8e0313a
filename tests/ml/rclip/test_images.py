import numpy as np
import pytest
import torch
from PIL import Image

from ml.boxes import BoxError
from ml.rclip.images import Preprocessing

PREPROCESSING = Preprocessing((64, 96), mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))


@pytest.mark.parametrize("size", [(96, 64), (1, 1), (2000, 3), (3, 2000), (640, 480)])
def test_an_image_of_any_shape_becomes_the_input(size: tuple[int, int]) -> None:
    pixels = PREPROCESSING.image(Image.new("RGB", size, (255, 0, 51)))
    assert pixels.shape == (3, 64, 96)
    assert pixels.dtype == torch.float32
    torch.testing.assert_close(pixels.amax((1, 2)), torch.tensor([1.0, -1.0, 0.2]))
    torch.testing.assert_close(pixels.amin((1, 2)), torch.tensor([1.0, -1.0, 0.2]))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK"])
def test_other_colours_are_converted(mode: str) -> None:
    assert PREPROCESSING.image(Image.new(mode, (20, 10))).shape == (3, 64, 96)


def test_an_image_of_the_right_size_keeps_its_pixels() -> None:
    values = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    pixels = Preprocessing((64, 96), (0, 0, 0), (1, 1, 1)).image(Image.fromarray(values))
    torch.testing.assert_close(pixels.permute(1, 2, 0), torch.from_numpy(values / 255).float())


def test_boxes_move_with_the_image() -> None:
    assert PREPROCESSING.boxes([[0, 0, 48, 32], [24, 16, 48, 32]], (48, 32)).tolist() == [
        [0, 0, 96, 64],
        [48, 32, 96, 64],
    ]
    with pytest.raises(BoxError, match="box 0"):
        PREPROCESSING.boxes([[0, 0, 60, 32]], (48, 32))
