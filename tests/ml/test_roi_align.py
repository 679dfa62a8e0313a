import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ml import torchvision_compat as _torchvision_compat  # noqa: F401  (before torchvision)
from ml.roi_align import roi_align, roi_mean


def literal_roi_align(
    features: Any, boxes: Any, image_index: Any, size: int, scale: tuple[float, float], sampling: int
) -> Any:
    """torchvision's `roi_align(aligned=True)`, written out sample by sample in float64."""
    channels = features.shape[1]
    out = np.zeros((len(boxes), channels, size, size))
    for n, (x1, y1, x2, y2) in enumerate(boxes):
        left, top = x1 * scale[0] - 0.5, y1 * scale[1] - 0.5
        bin_width, bin_height = (x2 - x1) * scale[0] / size, (y2 - y1) * scale[1] / size
        for i in range(size):
            for j in range(size):
                for a in range(sampling):
                    for b in range(sampling):
                        y = top + (i + (a + 0.5) / sampling) * bin_height
                        x = left + (j + (b + 0.5) / sampling) * bin_width
                        out[n, :, i, j] += literal_sample(features[image_index[n]], y, x) / sampling**2
    return out


def literal_sample(features: Any, y: float, x: float) -> Any:
    _, height, width = features.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = max(y, 0.0), max(x, 0.0)
    y_low, x_low = math.floor(y), math.floor(x)
    if y_low >= height - 1:
        y_low = y_high = height - 1
        y = float(y_low)
    else:
        y_high = y_low + 1
    if x_low >= width - 1:
        x_low = x_high = width - 1
        x = float(x_low)
    else:
        x_high = x_low + 1
    down, right = y - y_low, x - x_low
    return (
        (1 - down) * (1 - right) * features[:, y_low, x_low]
        + (1 - down) * right * features[:, y_low, x_high]
        + down * (1 - right) * features[:, y_high, x_low]
        + down * right * features[:, y_high, x_high]
    )


BOXES = [
    [0, 0, 96, 64],  # everything
    [10.3, 5.7, 50.1, 33.2],
    [0, 0, 3, 3],  # at a corner, smaller than a cell
    [93, 61, 96, 64],  # at the other
    [40, 30, 40.5, 30.25],  # a fraction of a cell
    [0, 20, 96, 21],  # a line
    [-40, -30, 140, 100],  # mostly outside
    [-100, -100, -50, -50],  # wholly outside
]


def some_features(images: int = 3) -> Tensor:
    return torch.randn(images, 5, 8, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("size", "sampling"), [(1, 1), (2, 3), (7, 2), (4, 1)])
@pytest.mark.parametrize("scale", [(1 / 16, 1 / 8), (1 / 8, 1 / 8)])
def test_it_equals_the_literal_sum(size: int, sampling: int, scale: tuple[float, float]) -> None:
    features, boxes = some_features(), torch.tensor(BOXES)
    index = torch.tensor([0, 1, 2, 0, 0, 2, 0, 1])
    expected = literal_roi_align(features.double().numpy(), BOXES, index.tolist(), size, scale, sampling)
    options: Any = {"output_size": size, "spatial_scale": scale, "sampling_ratio": sampling}
    got = roi_align(features, boxes, index, **options)
    assert got.shape == (8, 5, size, size)
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-5)
    averaged = roi_mean(features, boxes, index, **options)
    np.testing.assert_allclose(averaged.numpy(), expected.mean((2, 3)), atol=1e-5)


@pytest.mark.parametrize(("size", "sampling"), [(1, 2), (7, 2), (5, 3)])
def test_it_equals_torchvisions_own_python(size: int, sampling: int) -> None:
    """torchvision has RoIAlign a second time, in Python, for boxes inside the image; uncompiled it runs everywhere."""
    import torchvision

    theirs: Any = torchvision.ops.roi_align.__globals__["_roi_align"].__wrapped__
    features = torch.randn(3, 5, 8, 12, generator=torch.Generator().manual_seed(2))
    boxes, index = torch.tensor(BOXES[:6]), torch.tensor([0, 1, 2, 0, 0, 2])
    rois = torch.cat([index[:, None].float(), boxes], 1)
    expected = theirs(features, rois, 1 / 8, size, size, sampling, True)
    got = roi_align(features, boxes, index, output_size=size, spatial_scale=1 / 8, sampling_ratio=sampling)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_one_number_scales_both_axes() -> None:
    features, boxes, index = some_features(), torch.tensor(BOXES), torch.zeros(len(BOXES), dtype=torch.long)
    one = roi_align(features, boxes, index, output_size=3, spatial_scale=0.1)
    assert torch.equal(one, roi_align(features, boxes, index, output_size=3, spatial_scale=(0.1, 0.1)))


@pytest.mark.parametrize("counts", [[4, 4, 4], [1, 0, 11], [0, 0, 5], [0, 7, 0], [1, 0, 0]])
def test_how_boxes_are_spread_over_images_changes_nothing(counts: list[int]) -> None:
    torch.manual_seed(sum(counts))
    features = some_features()
    index = torch.repeat_interleave(torch.arange(3), torch.tensor(counts))
    corners = torch.rand(len(index), 2) * 40
    boxes = torch.cat([corners, corners + 5 + torch.rand(len(index), 2) * 20], 1)
    options: Any = {"output_size": 3, "spatial_scale": 1 / 8}
    alone = [
        roi_align(features[i : i + 1], box[None], torch.tensor([0]), **options)
        for i, box in zip(index, boxes, strict=True)
    ]
    together = roi_align(features, boxes, index, **options)
    torch.testing.assert_close(together, torch.cat(alone))
    shuffled = torch.randperm(len(index))
    torch.testing.assert_close(roi_align(features, boxes[shuffled], index[shuffled], **options), together[shuffled])
    averaged = roi_mean(features, boxes[shuffled], index[shuffled], **options)
    torch.testing.assert_close(averaged, together[shuffled].mean((2, 3)))


def test_no_box_gives_nothing_and_has_a_gradient() -> None:
    features = some_features().requires_grad_()
    none, index = torch.zeros(0, 4), torch.zeros(0, dtype=torch.long)
    aligned = roi_align(features, none, index, output_size=3, spatial_scale=1.0)
    averaged = roi_mean(features, none, index, output_size=3, spatial_scale=1.0)
    assert aligned.shape == (0, 5, 3, 3)
    assert averaged.shape == (0, 5)
    (aligned.sum() + averaged.sum()).backward()
    assert features.grad is not None
    assert not features.grad.any()


@pytest.mark.parametrize("pool", [roi_align, roi_mean])
def test_its_gradient_is_that_of_finite_differences(pool: Any) -> None:
    features = some_features().double()[:2, :2, :4, :4].clone().requires_grad_()
    boxes = torch.tensor([[0.0, 0, 4, 4], [1.2, 0.3, 2.9, 3.8], [-3, 2, 2, 9], [3.9, 3.9, 4, 4]])
    index = torch.tensor([1, 0, 1, 1])

    def pooled(values: Tensor) -> Tensor:
        result: Tensor = pool(values, boxes, index, output_size=2, spatial_scale=1.0)
        return result

    assert torch.autograd.gradcheck(pooled, (features,))


def test_its_gradient_is_the_same_in_every_run() -> None:
    def gradient() -> Tensor:
        features = some_features().requires_grad_()
        boxes = torch.tensor(BOXES)
        index = torch.tensor([0, 0, 0, 0, 0, 0, 1, 2])
        roi_align(features, boxes, index, output_size=7, spatial_scale=1 / 8).square().sum().backward()
        assert features.grad is not None
        return features.grad

    assert torch.equal(gradient(), gradient())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_keeps_the_places_of_boxes(dtype: torch.dtype) -> None:
    """Far from the origin, coordinates in half precision would be off by whole cells."""
    ramp = (torch.arange(600.0) / 600).expand(1, 1, 4, 600)
    boxes = torch.tensor([[4721.3, 0, 4741.9, 32]])
    options: Any = {"output_size": 2, "spatial_scale": 1 / 8}
    exact = roi_align(ramp, boxes, torch.tensor([0]), **options)
    got = roi_align(ramp.to(dtype), boxes, torch.tensor([0]), **options)
    assert got.dtype == dtype
    torch.testing.assert_close(got.float(), exact, atol=4e-3, rtol=0)


def test_an_image_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="from 0 to 3, there are 3 images"):
        roi_align(some_features(), torch.tensor(BOXES[:2]), torch.tensor([0, 3]), output_size=2, spatial_scale=1.0)


def test_samples_are_needed() -> None:
    with pytest.raises(ValueError, match="sampling_ratio"):
        roi_mean(
            some_features(),
            torch.tensor(BOXES[:1]),
            torch.tensor([0]),
            output_size=2,
            spatial_scale=1.0,
            sampling_ratio=0,
        )
