"""How the trainer teaches an R-CLIP: records to batches of regions and their texts (papers V1 appendix D.3, E.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ml.boxes import checked_boxes
from ml.data.manifests import Record
from ml.region_texts import RegionTags, drawn, region_texts
from ml.training.tasks import Batch, Objective

from .augmentation import window_around
from .errors import RClipError
from .images import Preprocessing
from .model import RClip
from .objective import AlignObjective
from .texts import TextTokenizer


@dataclass(frozen=True)
class TaskOptions:
    """`training.task` of a configuration.

    prompt: what a tag is put into, at "{}", before it is embedded.
    negatives_without_accepted: whether regions that accept no tag learn from those they reject (`ml.contrastive`).
    source_weights: what the weights of records from a source ("human", "model") are multiplied with; 1 if not named.
    regions: at most so many regions of an image are used, drawn anew each epoch; None uses all.
    crop: from 0 to 1; each side of the image is cut off at random by up to this share of what lies outside all boxes.
    flip: the chance that an image is mirrored; 0 where left and right, or writing, matter.
    """

    prompt: str = "{}"
    negatives_without_accepted: bool = False
    source_weights: Mapping[str, float] = field(default_factory=dict)
    regions: int | None = None
    crop: float = 0.0
    flip: float = 0.0

    def __post_init__(self) -> None:
        if self.prompt.count("{}") != 1:
            raise RClipError(f"training.task.prompt must hold {{}} once, where the tag goes, not {self.prompt!r}")
        if self.regions is not None and self.regions < 1:
            raise RClipError(f"training.task.regions must be at least 1, or null, not {self.regions}")
        for name in ("crop", "flip"):
            if not 0 <= getattr(self, name) <= 1:
                raise RClipError(f"training.task.{name} must be from 0 to 1, not {getattr(self, name)}")
        for source, weight in self.source_weights.items():
            if not weight >= 0:
                raise RClipError(f"training.task.source_weights: {source} must be at least 0, not {weight}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TaskOptions:
        """Raises RClipError that names the option."""
        known = {option.name for option in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise RClipError(f"training.task has no option {unknown[0]!r}; there are {', '.join(sorted(known))}")
        try:
            return cls(**values)
        except (TypeError, AttributeError) as error:
            raise RClipError(f"training.task: an option has a value of the wrong type: {error}") from error


@dataclass(frozen=True)
class RegionSample:
    """image: (3, H, W) uint8; boxes: (n, 4) float32 in its pixels; tags: n verdicts."""

    image: Tensor
    boxes: Tensor
    tags: tuple[RegionTags, ...]


class RClipTask:
    """Implements `ml.training.tasks.TrainingTask`."""

    def __init__(self, preprocessing: Preprocessing, tokenizer: TextTokenizer, options: TaskOptions) -> None:
        self._preprocessing = preprocessing
        self._tokenizer = tokenizer
        self._options = options
        self.objectives: Mapping[str, Objective] = {"align": AlignObjective(options.negatives_without_accepted)}

    @classmethod
    def for_model(cls, model: nn.Module, options: Mapping[str, Any]) -> Self:
        """`options`: see TaskOptions."""
        rclip = cast(RClip, model)
        return cls(rclip.preprocessing, rclip.tokenizer, TaskOptions.from_dict(options))

    def transform(self, record: Record, image: Image.Image, generator: np.random.Generator) -> RegionSample:
        """Raises BoxError and ContradictoryTags."""
        options = self._options
        weight = record.weight * options.source_weights.get(record.source, 1.0)
        chosen = _chosen(len(record.boxes), options.regions, generator)
        tags = tuple(drawn(record.tags[index], generator, weight=weight) for index in chosen)
        boxes = checked_boxes(record.boxes, *image.size)[chosen]
        window = window_around(boxes, image.size, generator, crop=options.crop, flip=options.flip)
        seen = window.of(image)
        placed = self._preprocessing.boxes(window.placed(boxes), seen.size)
        return RegionSample(self._preprocessing.pixels(seen), placed, tags)

    def collate(self, kind: str, samples: Sequence[RegionSample]) -> Batch:
        """images (B, 3, H, W) uint8, boxes (N, 4), image_index (N,) and related (RegionTexts) as numpy's, which stay on
        the CPU, tokens (U, L) of the unique texts."""
        texts, related = region_texts(
            [tags for sample in samples for tags in sample.tags],
            negatives_without_accepted=self._options.negatives_without_accepted,
        )
        prompts = [self._options.prompt.replace("{}", text) for text in texts]
        regions = [len(sample.tags) for sample in samples]
        return {
            "images": torch.stack([sample.image for sample in samples]),
            "boxes": torch.cat([sample.boxes for sample in samples]),
            "image_index": np.repeat(np.arange(len(samples)), regions),
            "tokens": self._tokenizer(prompts),
            "related": related,
            "counts": {
                "images": len(samples),
                "regions": sum(regions),
                "texts": len(texts),
                "truncated_texts": sum(self._tokenizer.truncated(prompts)),
            },
        }

    def trainable(self, model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
        """Everything."""
        return model.named_parameters()


def _chosen(regions: int, most: int | None, generator: np.random.Generator) -> list[int]:
    if most is None or regions <= most:
        return list(range(regions))
    chosen: list[int] = np.sort(generator.choice(regions, most, replace=False)).tolist()
    return chosen
