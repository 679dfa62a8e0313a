"""The sizes and parts of an R-CLIP, as values that can be written to and read from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from .errors import RClipError

Statistics = tuple[float, float, float]


@dataclass(frozen=True)
class RClipConfig:
    """An R-CLIP.

    tower: an open_clip model name (`ViT-L-14`), `hf-hub:owner/name`, a folder in open_clip's layout
        (`open_clip_config.json` and safetensors) or of a transformers CLIPModel, or open_clip's model configuration as
        a dict (`embed_dim`, `vision_cfg`, `text_cfg`), which needs neither files nor a network. A built model's own
        configuration has the dict.
    pretrained: the starting weights: open_clip's tag (`openai`), or a safetensors file. A hub id or folder brings its
        own. None with a name or dict starts at random.
    tokenizer: a `tokenizers` JSON file (see `texts`), or a folder of a transformers tokenizer; None takes the tower's.
    image_size: (height, width) to which every image is resized whole; None takes the tower's.
    roi_size, sampling_ratio: RoIAlign's bins and sample points per bin, along each axis. A box over everything samples
        every cell once, and so equals the mean over the map, where their product is the map's side.
    stage: how much of a convolutional tower runs on the image before RoIAlign, the rest running on each region (as in
        RegionCLIP, Zhong et al., 2022): 1 to 4 stages, whose strides are mostly 4, 8, 16 and 32 px; None is all of
        them. Towers of tokens have none.
    mean, std: of the pixels, by channel; None takes the tower's.
    """

    kind: ClassVar[str] = "rclip"

    tower: str | dict[str, Any]
    pretrained: str | None = None
    tokenizer: str | None = None
    image_size: tuple[int, int] | None = None
    roi_size: int = 7
    sampling_ratio: int = 2
    stage: int | None = None
    mean: Statistics | None = None
    std: Statistics | None = None

    def __post_init__(self) -> None:
        if isinstance(self.tower, dict) and (
            lacking := [name for name in ("embed_dim", "vision_cfg", "text_cfg") if name not in self.tower]
        ):
            raise RClipError(f"tower lacks {lacking[0]}: it must be a model configuration of open_clip, or a name")
        for name in ("roi_size", "sampling_ratio"):
            if getattr(self, name) < 1:
                raise RClipError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.stage is not None and not 1 <= self.stage <= 4:
            raise RClipError(f"stage must be from 1 to 4, or null, not {self.stage}")
        if self.image_size is not None and [side > 0 for side in self.image_size] != [True, True]:
            raise RClipError(f"image_size must be (height, width) in pixels, not {self.image_size}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it, with `kind`; `from_dict` reads it back."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RClipConfig:
        """The inverse of `to_dict`. Raises RClipError that names an unknown, missing or impossible field."""
        given = {name: _tuple(value) for name, value in values.items() if name != "kind"}
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(given) - known):
            raise RClipError(f"{unknown[0]} is no field of an R-CLIP; there are {', '.join(sorted(known))}")
        if "tower" not in given:
            raise RClipError("tower is missing")
        try:
            return cls(**given)
        except TypeError as error:
            raise RClipError(f"a field has a value of the wrong type: {error}") from error

    @classmethod
    def tiny(cls, tokenizer: str | None = None, *, vocabulary: int = 2048) -> RClipConfig:
        """For a CPU and scenes of about 640 x 512 px with objects from 15 px: a small residual network whose first two
        stages (stride 8) run on the image and the others on each region. `vocabulary` must be at least the number of
        tokens of `tokenizer`; with None it is open_clip's own, and the vocabulary its 49,408."""
        return cls(
            tower={
                "embed_dim": 128,
                "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "head_width": 64},
                "text_cfg": {
                    "context_length": 16,
                    "vocab_size": 49408 if tokenizer is None else vocabulary,
                    "width": 128,
                    "heads": 4,
                    "layers": 2,
                },
            },
            tokenizer=tokenizer,
            image_size=(256, 320),
            roi_size=4,
            stage=2,
        )

    @classmethod
    def base(cls) -> RClipConfig:
        """ViT-B/16 at 224 px, from OpenAI's weights."""
        return cls(tower="ViT-B-16-quickgelu", pretrained="openai", roi_size=7)

    @classmethod
    def paper(cls) -> RClipConfig:
        """ViT-L/14 at 224 px, from OpenAI's weights (papers V1 appendix D.3). The paper trains it for 10,000 steps
        with batches of 32,768 regions, AdamW (0.9, 0.999), no weight decay, a learning rate of 5e-4 with a linear
        warm-up over the first 10 % and a cosine to 0."""
        return cls(tower="ViT-L-14-quickgelu", pretrained="openai", roi_size=8)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
