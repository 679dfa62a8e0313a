"""Where weights come from, without a hub: real layouts, written by the real libraries, read offline by path."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from ml.rclip.config import RClipConfig
from ml.rclip.errors import RClipError
from ml.rclip.model import RClip, build_rclip
from ml.rclip.sources import find_weights

from .towers import RESNET, VIT, timm_vision, tiny_rclip, tokenizer_file, tower

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))


def open_clip_folder(folder: Path, vision: dict[str, Any]) -> Any:
    """As open_clip's `push_to_hf_hub` lays it out. Returns open_clip's own model."""
    torch.manual_seed(2)
    model = open_clip.CLIP(**tower(vision)).eval()
    folder.mkdir(parents=True)
    preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "interpolation": "bicubic"}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": tower(vision), "preprocess_cfg": preprocess})
    )
    save_file(dict(model.state_dict()), folder / "open_clip_model.safetensors")
    return model


def assert_same(model: RClip, theirs: Any) -> None:
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(model.clip.state_dict()[name], tensor), name


@pytest.mark.parametrize("vision", [VIT, RESNET, timm_vision("test_vit")], ids=["vit", "resnet", "timm"])
@pytest.mark.parametrize("prefix", ["", "local-dir:"])
def test_a_folder_in_open_clips_layout(tmp_path: Path, vision: dict[str, Any], prefix: str) -> None:
    theirs = open_clip_folder(tmp_path / "clip", vision)
    model = build_rclip(RClipConfig(prefix + str(tmp_path / "clip"), tokenizer=tokenizer_file(tmp_path))).eval()
    assert_same(model, theirs)
    assert model.config.mean == (0.5, 0.5, 0.5)
    assert model.preprocessing.std == (0.25, 0.25, 0.25)


def test_the_folder_is_one_that_open_clip_reads_too(tmp_path: Path) -> None:
    open_clip_folder(tmp_path / "clip", VIT)
    theirs = open_clip.create_model(f"local-dir:{tmp_path / 'clip'}")
    assert_same(build_rclip(RClipConfig(str(tmp_path / "clip"), tokenizer=tokenizer_file(tmp_path))), theirs)


def test_a_hub_id_is_read_from_the_hubs_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--someone--clip"
    theirs = open_clip_folder(repository / "snapshots" / commit, VIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    words = tokenizer_file(tmp_path)
    assert_same(build_rclip(RClipConfig("hf-hub:someone/clip", tokenizer=words)), theirs)
    (repository / "snapshots" / commit / "open_clip_model.safetensors").unlink()
    with pytest.raises(RClipError, match="someone/clip"):
        build_rclip(RClipConfig("hf-hub:someone/clip", tokenizer=words))
    with pytest.raises(RClipError, match="nobody/clip is neither on the hub nor in its cache"):
        build_rclip(RClipConfig("hf-hub:nobody/clip", tokenizer=words))


def test_a_configuration_with_a_file_of_weights(tmp_path: Path) -> None:
    theirs = open_clip_folder(tmp_path / "clip", VIT)
    weights = str(tmp_path / "clip" / "open_clip_model.safetensors")
    assert_same(build_rclip(RClipConfig(tower(VIT), weights, tokenizer_file(tmp_path))), theirs)
    larger = build_rclip(RClipConfig(tower({**VIT, "image_size": 96}), weights, tokenizer_file(tmp_path)))
    assert larger.clip.visual.positional_embedding.shape == (145, 32), "positions resized"


@pytest.mark.parametrize(("activation", "end"), [("quick_gelu", 2), ("gelu", 319)])
def test_a_folder_of_a_transformers_clip(tmp_path: Path, activation: str, end: int) -> None:
    """Its own images and texts must be embedded as transformers does it."""
    import transformers

    torch.manual_seed(4)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "num_hidden_layers": 2}
    config = transformers.CLIPConfig(
        vision_config={**sizes, "image_size": 64, "patch_size": 8, "hidden_act": activation},
        text_config={
            **sizes,
            "vocab_size": 320,
            "max_position_embeddings": 10,
            "hidden_act": activation,
            "eos_token_id": end,
            "bos_token_id": 318,
        },
        projection_dim=24,
    )
    theirs = transformers.CLIPModel(config).eval()
    theirs.save_pretrained(tmp_path / "clip")
    model = build_rclip(RClipConfig(str(tmp_path / "clip"), tokenizer=tokenizer_file(tmp_path))).eval()
    ids = model.tokenize(["a cat", "two small houses"])
    ids[ids == ids.max()] = 319  # the id that this configuration calls the end
    with torch.no_grad():
        image, text = theirs.get_image_features(IMAGES), theirs.get_text_features(ids)
        image, text = (getattr(output, "pooler_output", output) for output in (image, text))
        torch.testing.assert_close(model.clip.encode_image(IMAGES), image, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(model.clip.encode_text(ids), text, atol=1e-5, rtol=1e-4)
        assert model.encode_images(torch.randn(1, 3, 96, 64)).shape == (1, 32, 12, 8)
    assert model.logit_scale.item() == pytest.approx(theirs.logit_scale.item())


def refused(tower_: Any, pretrained: str | None = None) -> Callable[[Path], RClip]:
    return lambda folder: build_rclip(
        RClipConfig(
            tower_ if not isinstance(tower_, str) else tower_.format(folder),
            None if pretrained is None else pretrained.format(folder),
            tokenizer_file(folder),
        )
    )


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (refused("NoSuchModel"), "no folder, no hf-hub: id, and no model of open_clip"),
        (refused("ViT-B-32", "no-such-tag"), "neither a file nor a tag of ViT-B-32; there are openai"),
        (refused(tower(VIT), "openai"), "need the name of a model"),
        (refused("local-dir:{0}/nowhere"), "nowhere is no folder"),
        (refused("{0}/empty"), "open_clip_config.json is missing"),
        (refused("{0}/other"), "of the kind 'bert'"),
        (refused("{0}/broken"), "open_clip_config.json cannot be read"),
        (refused("{0}/unweighted"), "holds none of open_clip_model.safetensors"),
        (refused("{0}/unweighted", "openai"), "brings its own weights"),
        (refused(tower(VIT), "{0}/weights.bin"), "is not a safetensors file"),
        (refused(tower(RESNET), "{0}/clip/open_clip_model.safetensors"), "does not hold the weights of this tower"),
        (refused(tower(VIT), "{0}/damaged.safetensors"), "damaged.safetensors does not hold"),
        (refused(tower({**VIT, "no_such": 1})), "no_such"),
        (refused(tower(timm_vision("no_such_model"))), "no_such_model"),
    ],
)
def test_what_cannot_be_had_is_named(tmp_path: Path, build: Callable[[Path], RClip], what: str) -> None:
    open_clip_folder(tmp_path / "clip", VIT)
    for name in ("empty", "other", "broken", "unweighted"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "broken" / "open_clip_config.json").write_text("{")
    (tmp_path / "unweighted" / "open_clip_config.json").write_text(json.dumps({"model_cfg": tower(VIT)}))
    (tmp_path / "unweighted" / "open_clip_pytorch_model.bin").write_bytes(b"pickled")
    (tmp_path / "weights.bin").write_bytes(b"pickled")
    (tmp_path / "damaged.safetensors").write_bytes(b"not safe")
    with pytest.raises(RClipError, match=what):
        build(tmp_path)


def test_a_tag_without_a_network_says_what_could_not_be_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RClipError, match=r"timm/vit_large_patch14_clip_224\.openai"):
        find_weights(RClipConfig.paper())


def test_nothing_starts_from_nothing(tmp_path: Path) -> None:
    assert find_weights(RClipConfig(tower(VIT))) is None
    assert find_weights(RClipConfig("ViT-B-32")) is None
    one, same, other = (tiny_rclip(tmp_path, VIT, seed) for seed in (0, 0, 1))
    assert torch.equal(one.clip.visual.proj, same.clip.visual.proj)
    assert not torch.equal(one.clip.visual.proj, other.clip.visual.proj)
