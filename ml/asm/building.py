"""An ASM from its configuration: new with starting weights, or empty for the weights of a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from .config import ASMConfig, LanguageConfig, LoraSettings, Training
from .errors import ConfigError
from .image_tokenizer import ImageTokenizer
from .model import ASM
from .text_tokenizer import FOLDER, TextTokenizer, load_tokenizer
from .towers import build_tower, resolved_architecture
from .weights import load_pretrained

ADAPTER: Final = "lora_"
DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def build_asm(config: ASMConfig) -> ASM:
    """A new model with the starting weights that `config` names; what has none starts at random.

    Its own configuration holds whole architectures instead of names, and only those sources of weights that a
    checkpoint needs again.
    Raises ConfigError or WeightsError.
    """
    tokenizer = load_tokenizer(config.language.tokenizer)
    whole = _self_contained(config, tokenizer)
    # The names stay for now: a tag of open_clip means something only beside its model's.
    started = replace(config, language=replace(whole.language, weights=config.language.weights))
    model = _assembled(started, tokenizer, with_weights=True)
    model.config = whole
    return model


def restore_asm(config: ASMConfig, folder: Path) -> ASM:
    """The network of a checkpoint without its weights; with base weights only where the checkpoint leaves them out."""
    tokenizer = load_tokenizer(str(folder / FOLDER))
    return _assembled(config, tokenizer, with_weights=not config.stores_base)


def base_names(model: ASM) -> frozenset[str]:
    """The state of tower and language model that does not train: neither adapters nor parts that train in full."""
    names: set[str] = set()
    for prefix, train in (("tower.", model.config.tower.train), ("llm.", model.config.language.train)):
        if train != "full":
            names |= {name for name in model.state_dict() if name.startswith(prefix) and ADAPTER not in name}
    return frozenset(names)


def trains(name: str, config: ASMConfig) -> bool:
    """Whether the configuration lets the parameter of this name learn."""
    part, _, rest = name.partition(".")
    if part in ("tower", "llm"):
        train = config.tower.train if part == "tower" else config.language.train
        return train == "full" or (train == "lora" and ADAPTER in rest)
    if part == "image_tokenizer":
        return config.qformer.train
    return config.prompts.train


def _assembled(config: ASMConfig, tokenizer: TextTokenizer, *, with_weights: bool) -> ASM:
    tower: Any = build_tower(config.tower, with_weights=with_weights)
    llm = _language_model(config.language, with_weights=with_weights)
    image_tokenizer = ImageTokenizer(
        config.qformer,
        tower=tower,
        output_width=llm.config.get_text_config().hidden_size,
        positions=config.tower.positions == "sine",
    )
    if with_weights and config.qformer.weights is not None:
        image_tokenizer.load_weights(config.qformer.weights)
    _adapt(tower, config.tower.train, config.tower.lora, "tower")
    _adapt(llm, config.language.train, config.language.lora, "language")
    model = ASM(config, tower=tower, image_tokenizer=image_tokenizer, llm=llm, tokenizer=tokenizer)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(trains(name, config))
    return model


def _adapt(module: nn.Module, train: Training, settings: LoraSettings, part: str) -> None:
    if train != "lora":
        return
    adapters = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(settings.targets),
    )
    try:
        inject_adapter_in_model(adapters, module)
    except ValueError as error:
        raise ConfigError(f"{part}.lora.targets {list(settings.targets)}: {error}") from error
    for name, parameter in module.named_parameters():
        if ADAPTER in name:
            parameter.data = parameter.data.float()


def _language_model(config: LanguageConfig, *, with_weights: bool) -> Any:
    settings = _language_settings(config)
    dtype = DTYPES[config.dtype]
    if not with_weights or config.weights is None:
        return transformers.AutoModelForCausalLM.from_config(settings, dtype=dtype)
    return load_pretrained(transformers.AutoModelForCausalLM, config.weights, settings, dtype)


def _language_settings(config: LanguageConfig) -> Any:
    if isinstance(config.architecture, str):
        return transformers.AutoConfig.from_pretrained(config.architecture)
    values = dict(config.architecture)
    if "model_type" not in values:
        raise ConfigError("language.architecture needs its model_type, such as llama")
    return transformers.AutoConfig.for_model(values.pop("model_type"), **values)


def _self_contained(config: ASMConfig, tokenizer: TextTokenizer) -> ASMConfig:
    architecture = config.language.architecture
    if isinstance(architecture, str):
        architecture = {**_language_settings(config.language).to_diff_dict()}
        architecture.pop("transformers_version", None)
    architecture = {"vocab_size": tokenizer.vocabulary, **architecture}
    if architecture["vocab_size"] < tokenizer.vocabulary:
        raise ConfigError(
            f"the tokenizer has {tokenizer.vocabulary} tokens, the language model knows {architecture['vocab_size']}"
        )
    language = replace(config.language, architecture=architecture, tokenizer=None)
    whole = replace(config, qformer=replace(config.qformer, weights=None), language=language)
    if not config.stores_base:
        return whole
    tower = replace(config.tower, architecture=resolved_architecture(config.tower), weights=None)
    return replace(whole, tower=tower, language=replace(language, weights=None))
