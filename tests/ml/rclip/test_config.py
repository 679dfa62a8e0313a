import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from ml.rclip.config import RClipConfig
from ml.rclip.errors import RClipError
from ml.rclip.model import RClip, build_rclip

from .towers import VIT, tower


@pytest.mark.parametrize(
    "config",
    [
        RClipConfig.tiny("words.json"),
        RClipConfig.base(),
        RClipConfig.paper(),
        RClipConfig(tower(VIT), image_size=(96, 160), mean=(0.1, 0.2, 0.3), std=(1, 1, 1), roi_size=3),
    ],
)
def test_a_configuration_survives_json(config: RClipConfig) -> None:
    assert RClipConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert config.to_dict()["kind"] == "rclip"


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({}, "tower is missing"),
        ({"tower": "ViT-B-16", "roi": 7}, "roi is no field"),
        ({"tower": {"embed_dim": 8, "vision_cfg": {}}}, "tower lacks text_cfg"),
        ({"tower": "ViT-B-16", "roi_size": 0}, "roi_size must be at least 1"),
        ({"tower": "ViT-B-16", "sampling_ratio": -1}, "sampling_ratio must be at least 1"),
        ({"tower": "ViT-B-16", "stage": 5}, "stage must be from 1 to 4"),
        ({"tower": "ViT-B-16", "image_size": [224]}, "image_size must be"),
        ({"tower": "ViT-B-16", "image_size": [224, 0]}, "image_size must be"),
        ({"tower": "ViT-B-16", "roi_size": "seven"}, "wrong type"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_named(values: dict[str, Any], what: str) -> None:
    with pytest.raises(RClipError, match=what):
        RClipConfig.from_dict(values)


def on_meta(config: RClipConfig) -> RClip:
    with torch.device("meta"):
        return build_rclip(replace(config, pretrained=None))


def parameters(model: RClip) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def clip_parameters(*, vision: int, patch: int, grid: int, layers: int, text: int, joint: int) -> int:
    """Those of a CLIP of two transformers, the text's of 12 layers with 49,408 tokens and 77 positions."""

    def block(width: int) -> int:
        norms = 2 * (width + width)
        attention = 3 * (width * width + width) + (width * width + width)
        feed_forward = (width * 4 * width + 4 * width) + (4 * width * width + width)
        return norms + attention + feed_forward

    image_side = (
        3 * patch * patch * vision  # patches to tokens, without a bias
        + vision  # class token
        + (grid * grid + 1) * vision  # positions
        + 2 * 2 * vision  # norms before and after
        + layers * block(vision)
        + vision * joint
    )
    text_side = 49_408 * text + 77 * text + 12 * block(text) + 2 * text + text * joint
    return image_side + text_side + 1  # the scale


@pytest.fixture(scope="module")
def papers_model() -> RClip:
    return on_meta(RClipConfig.paper())


def test_the_papers_model_is_vit_large(papers_model: RClip) -> None:
    model = papers_model
    arithmetic = clip_parameters(vision=1024, patch=14, grid=16, layers=24, text=768, joint=768)
    assert parameters(model) == arithmetic == 427_616_513
    assert (model.config.image_size, model.tower.stride, model.tower.width) == ((224, 224), 14, 1024)
    assert model.config.roi_size * model.config.sampling_ratio == 224 // 14, "a whole image samples every cell once"


def test_the_base_model_is_vit_base() -> None:
    model = on_meta(RClipConfig.base())
    arithmetic = clip_parameters(vision=768, patch=16, grid=14, layers=12, text=512, joint=512)
    assert parameters(model) == arithmetic == 149_620_737
    assert model.config.roi_size * model.config.sampling_ratio == 224 // 16


def test_the_papers_model_encodes_regions_of_the_papers_size(papers_model: RClip) -> None:
    features = papers_model.encode_images(torch.zeros(2, 3, 224, 224, device="meta"))
    boxes = torch.zeros(5, 4, device="meta")
    regions = papers_model.encode_regions(features, boxes, torch.tensor([0, 1, 1, 1, 1]), (224, 224))
    assert features.shape == (2, 1024, 16, 16)
    assert regions.shape == (5, 768)


def test_the_tiny_model_is_a_few_megabytes(tmp_path: Any) -> None:
    from .towers import tokenizer_file

    model = build_rclip(RClipConfig.tiny(tokenizer_file(tmp_path)))
    assert 1_500_000 < parameters(model) < 2_400_000
    assert model.tower.stride == 8
    assert model.preprocessing.image_size == (256, 320)


def test_a_model_remembers_what_it_was_made_of(papers_model: RClip) -> None:
    """Its configuration names no file and no hub any more, so that a checkpoint can be read anywhere."""
    config = papers_model.config
    assert isinstance(config.tower, dict)
    assert config.tower["vision_cfg"]["width"] == 1024
    assert config.pretrained is None
    assert (config.mean, config.std) == ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
