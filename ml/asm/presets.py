"""The three sizes of an ASM."""

from __future__ import annotations

from typing import Any, Final

from .config import ASMConfig, LanguageConfig, LoraSettings, PromptConfig, QFormerConfig, TowerConfig

LLM_TARGETS: Final = ("q_proj", "k_proj", "v_proj", "o_proj")

EVA_G: Final[dict[str, Any]] = {"model_type": "blip_2_vision_model", "image_size": 224, "patch_size": 14}
"""BLIP-2's ViT-g/14 of EVA-CLIP: 39 layers of width 1408, as transformers' defaults have it."""

LLAMA_7B: Final[dict[str, Any]] = {
    "model_type": "llama",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
}


TINY_CLIP: Final[dict[str, Any]] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 256, "layers": [1, 2, 1, 1], "width": 24, "head_width": 64},
    "text_cfg": {"context_length": 16, "vocab_size": 64, "width": 64, "heads": 1, "layers": 1},
}
"""Of this open_clip model only the first two stages of the image side are used."""


def tiny(tokenizer: str | None) -> ASMConfig:
    """A convolutional tower of stride 8 on 320 x 256 px; two layers each of Q-Former and language model."""
    return ASMConfig(
        tower=TowerConfig(
            library="open_clip",
            architecture={"tower": TINY_CLIP, "stage": 2},
            image_size=(256, 320),
            positions="sine",
            train="full",
        ),
        qformer=QFormerConfig(
            architecture={
                "hidden_size": 128,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "intermediate_size": 384,
                "hidden_dropout_prob": 0.0,
                "attention_probs_dropout_prob": 0.0,
            },
            queries=8,
            roi_size=4,
            context_pool=4,
        ),
        language=LanguageConfig(
            architecture={
                "model_type": "llama",
                "hidden_size": 128,
                "intermediate_size": 352,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "max_position_embeddings": 256,
                "tie_word_embeddings": True,
            },
            tokenizer=tokenizer,
            train="full",
        ),
        prompts=PromptConfig(max_tokens=256),
        embedding=128,
    )


def base() -> ASMConfig:
    """CLIP's ViT-L/14, BLIP-2's Q-Former without its weights (they belong to another tower), TinyLlama 1.1B."""
    llm = "TinyLlama/TinyLlama-1.1B-Chat-v1.0"
    tower = "openai/clip-vit-large-patch14"
    return ASMConfig(
        tower=TowerConfig(
            library="hf",
            architecture={
                "model_type": "clip_vision_model",
                "hidden_size": 1024,
                "intermediate_size": 4096,
                "num_hidden_layers": 24,
                "num_attention_heads": 16,
                "patch_size": 14,
            },
            weights=tower,
            lora=LoraSettings(rank=8, alpha=16, targets=("q_proj", "v_proj")),
        ),
        qformer=QFormerConfig(),
        language=LanguageConfig(
            architecture=llm,
            weights=llm,
            tokenizer=llm,
            dtype="bfloat16",
            lora=LoraSettings(rank=16, alpha=32, targets=LLM_TARGETS),
        ),
        stores_base=False,
    )


def paper() -> ASMConfig:
    """ViT-g/14, BLIP-2's Q-Former (12 layers of 768, 32 queries), a language model of Llama-7B's shape.

    Everything here is an architecture; docs/asm.md names the weights. Pre-training at 224 px, fine-tuning at 364:
    `dataclasses.replace(config.tower, image_size=(364, 364))`.
    """
    return ASMConfig(
        tower=TowerConfig(
            library="hf",
            architecture=EVA_G,
            lora=LoraSettings(rank=16, alpha=32, targets=("qkv", "projection")),
        ),
        qformer=QFormerConfig(),
        language=LanguageConfig(
            architecture=LLAMA_7B,
            dtype="bfloat16",
            lora=LoraSettings(rank=16, alpha=32, targets=LLM_TARGETS),
        ),
    )
