"""The sizes and parts of an ASM, as values that can be written to and read from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Final, Literal, get_type_hints

from .errors import ConfigError

Architecture = str | dict[str, Any]
"""A model's name, hub id or local folder; or its whole configuration, which needs neither files nor a network."""

Training = Literal["frozen", "lora", "full"]

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adapters (Hu et al., 2022) on the linear layers whose names end in one of `targets`."""

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.0
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class TowerConfig:
    """The vision tower, and what it is shown.

    `library` says whose classes build `architecture`: `hf` (a transformers vision model), `timm` (a model name,
    `hf-hub:...` or `local-dir:...`), `open_clip` (the image side of an R-CLIP: its `tower`, or an RClipConfig as a
    dict). `weights` is where its parameters start: a hub id, a folder, a safetensors file, with open_clip also a tag;
    None starts them at random. `region_part`: an R-CLIP's layers that run on each region give one more token.
    `image_size` is (height, width): every image is resized to it. `positions` "sine" adds fixed positions to the
    feature map, which towers made of convolutions need to know where a region lies.
    """

    library: Literal["hf", "timm", "open_clip"]
    architecture: Architecture
    weights: str | None = None
    image_size: tuple[int, int] = (224, 224)
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    positions: Literal["none", "sine"] = "none"
    region_part: bool = False
    train: Training = "lora"
    lora: LoraSettings = field(default_factory=LoraSettings)


@dataclass(frozen=True)
class QFormerConfig:
    """The location-aware image tokenizer (papers V1 §4.2).

    `architecture` is a Blip2QFormerConfig as a dict (its `encoder_hidden_size` follows the tower). `queries` is the
    number of learnable query tokens; `roi_size` squared region tokens join them. The Q-Former looks at the feature
    map averaged over `context_pool` x `context_pool` cells; 1 is the map itself.
    """

    architecture: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None
    queries: int = 32
    roi_size: int = 7
    context_pool: int = 1
    train: bool = True


@dataclass(frozen=True)
class LanguageConfig:
    """The language model and its tokenizer.

    `architecture` is a hub id, a folder, or a configuration dict with its `model_type` (a missing `vocab_size` follows
    the tokenizer). `tokenizer` is a hub id, a folder or a tokenizers JSON file; None reads text as bytes.
    `dtype` is that of the stored and computed weights; adapters are always float32.
    """

    architecture: Architecture
    weights: str | None = None
    tokenizer: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    train: Training = "lora"
    lora: LoraSettings = field(default_factory=LoraSettings)


@dataclass(frozen=True)
class PromptConfig:
    """Task prompts and wording (papers V1 appendix D.1). `{}` in `text` stands for a tag."""

    task_tokens: int = 5
    question: str = "What is this?"
    caption_question: str = "Describe this region."
    text: str = "A photo of the {}."
    max_tokens: int = 512
    train: bool = True


@dataclass(frozen=True)
class ASMConfig:
    """An ASM. `embedding` is the width of the space in which regions and texts are matched.

    With `stores_base` False a checkpoint leaves out the tower's and the language model's own parameters where they
    do not train; they are read from `weights` again when it is loaded.
    """

    kind: ClassVar[str] = "asm"

    tower: TowerConfig
    qformer: QFormerConfig
    language: LanguageConfig
    prompts: PromptConfig = field(default_factory=PromptConfig)
    embedding: int = 512
    stores_base: bool = True

    def __post_init__(self) -> None:
        if self.prompts.text.count("{}") != 1:
            raise ConfigError(f"prompts.text must contain {{}} once, where the tag stands: {self.prompts.text!r}")
        for name, part in (("tower", self.tower), ("language", self.language)):
            if part.train == "lora" and not part.lora.targets:
                raise ConfigError(f"{name}.lora.targets is empty: name the linear layers that get adapters")
            if not self.stores_base and part.train != "full" and part.weights is None:
                raise ConfigError(f"stores_base is false, so {name}.weights must say where its parameters are")

        if self.tower.region_part and self.tower.library != "open_clip":
            raise ConfigError("tower.region_part is for the library open_clip alone")

    def to_dict(self) -> dict[str, Any]:
        """As JSON gives it back, with `kind`; the inverse of `from_dict`."""
        values: dict[str, Any] = json.loads(json.dumps({"kind": self.kind, **asdict(self)}))
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ASMConfig:
        """Raises ConfigError that names a missing or unknown field."""
        if values.get("kind", cls.kind) != cls.kind:
            raise ConfigError(f"this is the configuration of a model of kind {values['kind']!r}, not {cls.kind!r}")
        config: ASMConfig = _read(cls, {name: value for name, value in values.items() if name != "kind"}, "asm")
        return config

    @classmethod
    def tiny(cls, tokenizer: str | None = None) -> ASMConfig:
        """About a million parameters, everything trains from random: for a CPU, in minutes."""
        from .presets import tiny

        return tiny(tokenizer)

    @classmethod
    def base(cls) -> ASMConfig:
        """A size for one GPU: CLIP ViT-L/14, BLIP-2's Q-Former, a 1.1B language model, all with published weights."""
        from .presets import base

        return base()

    @classmethod
    def paper(cls) -> ASMConfig:
        """ViT-g/14, BLIP-2's Q-Former, a 7B language model (papers V1 §4, D.2)."""
        from .presets import paper

        return paper()


def _read(kind: Any, values: Any, path: str) -> Any:
    """A dataclass from a mapping, nested ones included; lists become tuples where the field is one."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path} must be an object, not {values!r}")
    known = {entry.name for entry in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise ConfigError(f"{path} has no field {unknown[0]!r}; it knows {', '.join(sorted(known))}")
    hints = get_type_hints(kind)
    read: dict[str, Any] = {}
    for name, value in values.items():
        if is_dataclass(hints[name]):
            read[name] = _read(hints[name], value, f"{path}.{name}")
        else:
            read[name] = tuple(value) if str(hints[name]).startswith("tuple") else value
    try:
        return kind(**read)
    except TypeError as error:
        raise ConfigError(f"{path}: {error}") from error
