from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ml.rclip.errors import RClipError
from ml.rclip.model import RClip
from ml.rclip.towers import fixed_size, image_tower, resized_positions

from .towers import RESNET, VIT, timm_vision, tiny_rclip

EXACT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("transformer, mean", {**VIT, "pool_type": "avg"}, {"roi_size": 4}),
    ("transformer, mean before the norm", {**VIT, "pool_type": "avg", "final_ln_after_pool": True}, {"roi_size": 4}),
    ("residual network", RESNET, {"roi_size": 2, "sampling_ratio": 1}),
    ("residual network, three stages", RESNET, {"roi_size": 4, "sampling_ratio": 1, "stage": 3}),
    ("residual network, one stage", RESNET, {"roi_size": 16, "sampling_ratio": 1, "stage": 1}),
    ("ConvNeXt", timm_vision("test_convnext"), {"roi_size": 1}),
    ("ConvNeXt, two stages", timm_vision("test_convnext"), {"roi_size": 8, "sampling_ratio": 1, "stage": 2}),
    ("timm ResNet", timm_vision("test_resnet"), {"roi_size": 1}),
    ("attention pool with learned positions", timm_vision("test_byobnet", "abs_attn", ""), {"roi_size": 2, "sampling_ratio": 1}),
    ("attention pool with rotary positions", timm_vision("test_byobnet", "rot_attn", ""), {"roi_size": 2, "sampling_ratio": 1}),
    ("timm ViT, mean", timm_vision("test_vit", "avg"), {"roi_size": 2}),
]  # fmt: skip

ALL: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *EXACT,
    ("transformer", VIT, {}),
    ("CoCa's attention pool", {**VIT, "attentional_pool": True, "attn_pooler_heads": 2}, {}),
    ("timm ViT, attention pool", timm_vision("test_vit3", "map"), {}),
    ("timm ViT, class token", timm_vision("test_vit", "token"), {}),
]


def some_images(count: int, height: int, width: int) -> Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(5))


def whole(model: RClip, images: Tensor) -> Tensor:
    count, _, height, width = images.shape
    boxes = torch.tensor([[0.0, 0, width, height]]).repeat(count, 1)
    return model.encode_regions(model.encode_images(images), boxes, torch.arange(count), (height, width))


@pytest.mark.parametrize(("vision", "fields"), [pytest.param(*case[1:], id=case[0]) for case in EXACT])
def test_a_box_over_everything_is_the_image(tmp_path: Path, vision: dict[str, Any], fields: dict[str, Any]) -> None:
    """Where every cell is sampled once, and the tower pools its cells."""
    model = tiny_rclip(tmp_path, vision, **fields)
    images = some_images(2, 64, 64)
    with torch.no_grad():
        expected = model.clip.encode_image(images, normalize=True)
        torch.testing.assert_close(whole(model, images), expected, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(expected[0], expected[1], atol=1e-3), "images must differ for this to say anything"


@pytest.mark.parametrize(("vision", "fields"), [pytest.param(*case[1:], id=case[0]) for case in ALL])
def test_every_family_embeds_regions_of_images_of_any_size(
    tmp_path: Path, vision: dict[str, Any], fields: dict[str, Any]
) -> None:
    model = tiny_rclip(tmp_path, vision, **fields)
    images = some_images(2, 96, 160)
    features = model.encode_images(images)
    assert features.shape == (2, model.tower.width, 96 // model.tower.stride, 160 // model.tower.stride)
    boxes = torch.tensor([[0.0, 0, 40, 40], [100, 10, 150, 80], [0, 0, 160, 96]])
    regions = model.encode_regions(features, boxes, torch.tensor([1, 0, 1]), (96, 160))
    assert regions.shape == (3, 24)
    torch.testing.assert_close(regions.norm(dim=1), torch.ones(3))
    regions.sum().backward()
    reached = [name for name, value in model.clip.visual.named_parameters() if value.grad is not None]
    assert any(name.startswith(("conv1", "trunk.stem", "trunk.patch_embed", "trunk.conv1")) for name in reached)


def test_without_a_class_token_an_attention_pool_sees_the_same_cells(tmp_path: Path) -> None:
    """As in SigLIP, whose smallest model is too large for a test: a tiny one loses its other tokens."""
    model = tiny_rclip(tmp_path, timm_vision("test_vit3", "map"), roi_size=4, sampling_ratio=1)
    trunk = model.clip.visual.trunk
    trunk.cls_token, trunk.reg_token, trunk.num_prefix_tokens = None, None, 0
    trunk.pos_embed = torch.nn.Parameter(trunk.pos_embed[:, -trunk.patch_embed.num_patches :])
    model.tower = image_tower(model.clip.visual, None)
    images = some_images(2, 64, 64)
    with torch.no_grad():
        expected = model.clip.encode_image(images, normalize=True)
        torch.testing.assert_close(whole(model, images), expected, atol=1e-5, rtol=1e-4)


def test_the_map_of_a_transformer_is_its_patch_tokens(tmp_path: Path) -> None:
    model = tiny_rclip(tmp_path, {**VIT, "output_tokens": True})
    images = some_images(2, 64, 64)
    with torch.no_grad():
        _, tokens = model.clip.visual(images)
        torch.testing.assert_close(model.encode_images(images).flatten(2).transpose(1, 2), tokens)


def test_positions_are_resized_as_open_clip_does_it(tmp_path: Path) -> None:
    """The same weights, loaded by open_clip into a model for larger images, give the same map."""
    small = tiny_rclip(tmp_path, {**VIT, "output_tokens": True})
    large = tiny_rclip(tmp_path, {**VIT, "output_tokens": True, "image_size": 96}, seed=1)
    weights = dict(small.clip.state_dict())
    open_clip.model.resize_pos_embed(weights, large.clip)
    large.clip.load_state_dict(weights)
    images = some_images(1, 96, 96)
    with torch.no_grad():
        _, tokens = large.clip.visual(images)
        torch.testing.assert_close(small.encode_images(images).flatten(2).transpose(1, 2), tokens)


def test_rotary_positions_follow_the_input_there_and_back(tmp_path: Path) -> None:
    vision = timm_vision("vit_pe_core_tiny_patch16_384", "map", "linear", 384)
    model = tiny_rclip(tmp_path, vision)
    images = some_images(1, 64, 64)
    with torch.no_grad():
        before = model.encode_images(images)
        assert model.encode_images(some_images(1, 96, 32)).shape[2:] == (6, 2)
        assert torch.equal(model.encode_images(images), before)


def test_positions_keep_their_class_token_and_their_layout() -> None:
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(6.0), indexing="ij")
    positions = torch.cat([torch.tensor([[9.0, 9.0]]), torch.stack([rows, columns], -1).flatten(0, 1)])
    assert torch.equal(resized_positions(positions, (4, 6), (4, 6)), positions)
    resized = resized_positions(positions, (4, 6), (8, 12))
    assert resized[0].tolist() == [9, 9]
    grid = resized[1:].unflatten(0, (8, 12))
    inner = grid[2:-2, 2:-2]
    torch.testing.assert_close(
        inner[..., 0], (torch.arange(2.0, 6) / 2 - 0.25)[:, None].expand(4, 8), atol=0.05, rtol=0
    )
    torch.testing.assert_close(inner[..., 1], (torch.arange(2.0, 10) / 2 - 0.25).expand(4, 8), atol=0.05, rtol=0)


def test_half_precision_stays_near(tmp_path: Path) -> None:
    images = some_images(1, 96, 64)
    for vision in (VIT, RESNET):
        model = tiny_rclip(tmp_path, vision)
        with torch.no_grad():
            exact = whole(model, images)
            near = whole(model.to(torch.bfloat16), images.to(torch.bfloat16)).float()
        assert functional.cosine_similarity(exact, near).item() > 0.99


def test_a_tower_of_tokens_has_no_stages(tmp_path: Path) -> None:
    with pytest.raises(RClipError, match="leave out `stage`"):
        tiny_rclip(tmp_path, VIT, stage=2)
    with pytest.raises(RClipError, match="EfficientNet cannot be cut"):
        tiny_rclip(tmp_path, timm_vision("test_efficientnet"), stage=2)


def test_a_tower_of_one_size_says_so(tmp_path: Path) -> None:
    vision = timm_vision("test_vit_relpos", "avg", "linear", 160)
    assert fixed_size(tiny_rclip(tmp_path, vision).tower.model) == (160, 160)
    with pytest.raises(RClipError, match=r"\(160, 160\) px alone"):
        tiny_rclip(tmp_path, vision, image_size=(96, 160))
