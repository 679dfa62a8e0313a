"""A transformers CLIPModel (`openai/clip-vit-large-patch14` and its kind) as open_clip's model: sizes and weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from .errors import RClipError

LEGACY_END: Final = 2
"""An end token that older configurations name wrongly; transformers then takes the highest id, as open_clip does."""

RENAMED: Final = (
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"^text_model\.embeddings\.token_embedding\.", "token_embedding."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"^visual_projection\.weight$", "visual.proj"),
    (r"^text_projection\.weight$", "text_projection"),
    (r"\.self_attn\.out_proj\.", ".attn.out_proj."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
)


def architecture_of(folder: Path) -> dict[str, Any]:
    """open_clip's model configuration for the `config.json` of a CLIPModel. Raises RClipError for other models."""
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise RClipError(f"{folder} holds no model of open_clip or transformers: {error}") from error
    if config.model_type != "clip":
        raise RClipError(f"{folder} holds a transformers model of the kind {config.model_type!r}; only clip is read")
    vision, text = config.vision_config, config.text_config
    ends: dict[str, Any] = {}
    if text.eos_token_id != LEGACY_END:
        ends = {"pool_type": "eos", "eos_id": text.eos_token_id}
    return {
        "embed_dim": config.projection_dim,
        "quick_gelu": vision.hidden_act == "quick_gelu",
        "vision_cfg": {
            "image_size": vision.image_size,
            "patch_size": vision.patch_size,
            "head_width": vision.hidden_size // vision.num_attention_heads,
            **_sizes(vision),
        },
        "text_cfg": {
            "context_length": text.max_position_embeddings,
            "vocab_size": text.vocab_size,
            "heads": text.num_attention_heads,
            **_sizes(text),
            **ends,
        },
    }


def is_transformers(names: Iterable[str]) -> bool:
    return any(name.startswith("vision_model.") for name in names)


def converted(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a CLIPModel under open_clip's names."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if name.endswith(".position_ids") or re.search(r"\.[kv]_proj\.(weight|bias)$", name):
            continue
        if found := re.search(r"\.self_attn\.q_proj\.(weight|bias)$", name):
            parts = [weights[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            tensors[_renamed(name[: found.start()]) + f".attn.in_proj_{found[1]}"] = torch.cat(parts)
        else:
            tensors[_renamed(name)] = tensor.T.contiguous() if name.endswith("_projection.weight") else tensor
    return tensors


def _renamed(name: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


def _sizes(tower: Any) -> dict[str, Any]:
    return {
        "width": tower.hidden_size,
        "layers": tower.num_hidden_layers,
        "mlp_ratio": tower.intermediate_size / tower.hidden_size,
        "norm_kwargs": {"eps": tower.layer_norm_eps},
    }
