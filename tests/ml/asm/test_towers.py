"""Towers of the real libraries, saved by their own functions, loaded offline from where they were saved."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import transformers
from safetensors.torch import save_file
from torch import nn

from ml.asm.clip_towers import clip_weights
from ml.asm.config import TowerConfig
from ml.asm.errors import ConfigError, WeightsError
from ml.asm.towers import build_tower, resolved_architecture
from ml.rclip.config import RClipConfig
from ml.rclip.model import build_rclip

from .models import EVA

SIZE = (42, 56)
WIDTHS: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


def photo(size: tuple[int, int] = SIZE) -> torch.Tensor:
    return torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(5))


def tower_config(**values: Any) -> TowerConfig:
    return TowerConfig(**{"library": "hf", "image_size": SIZE, "train": "full", **values})


def hf_model(kind: str) -> Any:
    torch.manual_seed(1)
    settings = transformers.AutoConfig.for_model(kind, **WIDTHS)
    if kind == "blip_2_vision_model":
        settings.initializer_range = 0.02
        return transformers.Blip2VisionModel(settings)
    return transformers.AutoModel.from_config(settings)


@pytest.mark.parametrize("kind", ["clip_vision_model", "dinov2", "siglip_vision_model", "blip_2_vision_model"])
def test_a_transformers_tower_gives_the_patches_of_the_saved_model(kind: str, tmp_path: Path) -> None:
    saved = hf_model(kind).eval()
    saved.save_pretrained(tmp_path)
    tower = build_tower(tower_config(architecture=str(tmp_path), weights=str(tmp_path)), with_weights=True).eval()
    options = {} if kind == "dinov2" else {"interpolate_pos_encoding": True}
    tokens = saved(pixel_values=photo(), **options).last_hidden_state[:, -12:]
    if kind == "clip_vision_model":
        tokens = saved.post_layernorm(tokens)
    features = tower(photo())
    assert features.shape == (1, 32, 3, 4)
    assert torch.allclose(features[0, :, 1, 2], tokens[0, 1 * 4 + 2], atol=1e-6)


def test_a_tower_can_be_taken_out_of_a_whole_clip(tmp_path: Path) -> None:
    clip = transformers.CLIPModel(
        transformers.CLIPConfig(
            vision_config=WIDTHS,
            text_config={
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 1,
                "num_attention_heads": 1,
                "vocab_size": 50,
            },
        )
    )
    clip.save_pretrained(tmp_path)
    tower = build_tower(tower_config(architecture=str(tmp_path), weights=str(tmp_path)), with_weights=True)
    stored = dict(clip.vision_model.named_parameters())
    assert {name.removeprefix("model."): p.sum().item() for name, p in tower.named_parameters()} == {
        name.removeprefix("vision_model."): p.sum().item() for name, p in stored.items()
    }


def test_an_eva_tower_of_timm_is_loaded_from_a_safetensors_file(tmp_path: Path) -> None:
    torch.manual_seed(2)
    options = {key: value for key, value in EVA.items() if key != "name"}
    saved = timm.create_model(EVA["name"], num_classes=0, dynamic_img_size=True, **options).eval()
    save_file(saved.state_dict(), tmp_path / "model.safetensors")
    config = tower_config(library="timm", architecture=EVA, weights=str(tmp_path / "model.safetensors"))
    tower = build_tower(config, with_weights=True).eval()
    tokens = saved.fc_norm(saved.forward_features(photo()))[:, -12:]
    assert torch.allclose(tower(photo())[0, :, 2, 3], tokens[0, 11], atol=1e-6)


def test_a_timm_folder_as_the_hub_has_them_is_loaded(tmp_path: Path) -> None:
    torch.manual_seed(2)
    options = {key: value for key, value in EVA.items() if key != "name"}
    saved = timm.create_model(EVA["name"], num_classes=0, **options).eval()
    timm.models.save_for_hf(saved, str(tmp_path), model_args=options, safe_serialization=True)
    config = tower_config(library="timm", architecture=f"local-dir:{tmp_path}", weights=str(tmp_path))
    tower = build_tower(config, with_weights=True).eval()
    assert tower(photo()).shape == (1, 32, 3, 4)
    stored = resolved_architecture(config)
    assert isinstance(stored, dict)
    assert stored.items() >= {"name": EVA["name"], "depth": 2, "embed_dim": 32}.items()  # no folder is needed any more
    again = build_tower(replace(config, architecture=stored), with_weights=True).eval()
    assert torch.equal(again(photo()), tower(photo()))


def test_a_convolutional_tower_gives_the_stage_that_was_asked_for() -> None:
    architecture = {
        "name": "convnext_atto",
        "features_only": True,
        "out_indices": [1],
        "depths": [1, 1, 1, 1],
        "dims": [8, 16, 24, 32],
    }
    tower: Any = build_tower(
        tower_config(library="timm", architecture=architecture, image_size=(64, 96)), with_weights=False
    )
    assert (tower.width, tower.stride) == (16, 8)
    assert tower(photo((64, 96))).shape == (1, 16, 8, 12)


def test_the_last_stage_of_a_convolutional_tower_is_the_default() -> None:
    architecture = {"name": "convnext_atto", "depths": [1, 1, 1, 1], "dims": [8, 16, 24, 32]}
    tower: Any = build_tower(
        tower_config(library="timm", architecture=architecture, image_size=(64, 96)), with_weights=False
    )
    assert (tower.width, tower.stride) == (32, 32)
    assert tower(photo((64, 96))).shape == (1, 32, 2, 3)


@pytest.fixture
def rclip() -> nn.Module:
    torch.manual_seed(4)
    tiny = RClipConfig.tiny()
    assert isinstance(tiny.tower, dict)
    text = {**tiny.tower["text_cfg"], "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1}
    return build_rclip(replace(tiny, tower={**tiny.tower, "text_cfg": text})).eval()


def saved_rclip(model: Any, folder: Path) -> str:
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    return str(folder)


def test_the_tower_of_an_rclip_checkpoint_gives_its_feature_map(rclip: Any, tmp_path: Path) -> None:
    config = tower_config(
        library="open_clip",
        architecture=rclip.config.to_dict(),
        weights=saved_rclip(rclip, tmp_path),
        image_size=(64, 96),
    )
    tower: Any = build_tower(config, with_weights=True).eval()
    assert torch.allclose(tower(photo((64, 96))), rclip.encode_images(photo((64, 96))), atol=1e-6)
    assert tower.region_width == 0
    assert sum(p.numel() for p in tower.parameters()) < sum(p.numel() for p in rclip.clip.visual.parameters()) / 4


def test_its_region_part_embeds_regions_as_the_rclip_does(rclip: Any, tmp_path: Path) -> None:
    config = tower_config(
        library="open_clip",
        architecture=rclip.config.to_dict(),
        weights=saved_rclip(rclip, tmp_path),
        image_size=(64, 96),
        region_part=True,
    )
    tower: Any = build_tower(config, with_weights=True).eval()
    regions = torch.randn(2, tower.width, 4, 4)
    assert tower.region_width == 128
    assert torch.allclose(tower.embed(regions), rclip.tower.embed(regions), atol=1e-6)


def test_an_open_clip_model_is_taken_by_its_name() -> None:
    config = tower_config(library="open_clip", architecture="ViT-B-32")
    resolved = resolved_architecture(config)
    assert isinstance(resolved, dict)
    assert resolved["tower"]["vision_cfg"]["patch_size"] == 32


def test_a_size_that_is_no_multiple_of_the_patch_is_refused() -> None:
    with pytest.raises(ConfigError, match="multiples of the tower's 14 px"):
        build_tower(tower_config(library="timm", architecture=EVA, image_size=(40, 56)), with_weights=False)


def test_an_architecture_without_its_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="model_type"):
        build_tower(tower_config(architecture=WIDTHS), with_weights=False)


def test_weights_of_another_model_are_refused_instead_of_left_random(tmp_path: Path) -> None:
    hf_model("dinov2").save_pretrained(tmp_path)
    architecture = {"model_type": "clip_vision_model", **WIDTHS}
    with pytest.raises(WeightsError, match=r"lacks 39 weights, embeddings\.class_embedding the first"):
        build_tower(tower_config(architecture=architecture, weights=str(tmp_path)), with_weights=True)


def test_a_tag_of_open_clip_becomes_the_file_it_stands_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def download(repository: str, name: str) -> str:
        asked.append((repository, name))
        return str(tmp_path / "found.safetensors")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    config = tower_config(library="open_clip", architecture="ViT-B-32", weights="laion2b_s34b_b79k")
    assert clip_weights(config) == str(tmp_path / "found.safetensors")
    assert asked[0][0] == "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
