"""How the trainer teaches an ASM: records to batches of regions with tags, and of answers (papers V1 appendix D.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ml.boxes import checked_boxes, scaled_boxes
from ml.data.manifests import Message, Record
from ml.region_texts import RegionTags, drawn, region_texts
from ml.training.tasks import Batch, Objective

from .building import trains
from .errors import ConfigError
from .images import pixels
from .model import ASM
from .objective import AlignObjective, GenerateObjective
from .prompts import PromptWriter, Row, padded


@dataclass(frozen=True)
class TaskOptions:
    """`training.task` of a configuration.

    regions: at most so many regions of an image are aligned, drawn anew each epoch; None aligns all.
    negatives_without_accepted: whether regions that accept no tag learn from those they reject (`ml.contrastive`).
    """

    regions: int | None = None
    negatives_without_accepted: bool = False

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TaskOptions:
        """Raises ConfigError that names the option."""
        known = {option.name for option in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigError(f"training.task has no option {unknown[0]!r}; there are {', '.join(sorted(known))}")
        options = cls(**values)
        if options.regions is not None and options.regions < 1:
            raise ConfigError(f"training.task.regions must be at least 1, or null, not {options.regions}")
        return options


@dataclass(frozen=True)
class Sample:
    """image: (3, H, W) uint8; boxes: (n, 4) in its pixels; either n `tags`, or the `row` of a conversation."""

    image: Tensor
    boxes: Tensor
    tags: tuple[RegionTags, ...] = ()
    row: Row | None = None
    weight: float = 1.0


class ASMTask:
    """Implements `ml.training.tasks.TrainingTask`."""

    def __init__(self, prompts: PromptWriter, image_size: tuple[int, int], options: TaskOptions) -> None:
        self._prompts = prompts
        self._image_size = image_size
        self._options = options
        self.objectives: Mapping[str, Objective] = {
            "align": AlignObjective(options.negatives_without_accepted),
            "generate": GenerateObjective(),
        }

    @classmethod
    def for_model(cls, model: nn.Module, options: Mapping[str, Any]) -> Self:
        """`options`: see TaskOptions."""
        asm = cast(ASM, model)
        return cls(asm.prompts, asm.config.tower.image_size, TaskOptions.from_dict(options))

    def transform(self, record: Record, image: Image.Image, generator: np.random.Generator) -> Sample:
        """Raises BoxError, ContradictoryTags, and PromptTooLongError for a conversation longer than the context."""
        if record.task == "align":
            chosen = _chosen(len(record.boxes), self._options.regions, generator)
            tags = tuple(drawn(record.tags[index], generator, weight=record.weight) for index in chosen)
            return Sample(pixels(image, self._image_size), self._placed(record, image, chosen), tags=tags)
        system, turns = _turns(record.messages)
        row = self._prompts.conversation(turns, system=system, regions=len(record.boxes))
        boxes = self._placed(record, image, range(len(record.boxes)))
        return Sample(pixels(image, self._image_size), boxes, row=row, weight=record.weight)

    def collate(self, kind: str, samples: Sequence[Sample]) -> Batch:
        """images (B, 3, H, W) uint8; boxes (N, 4); image_index (N,) as numpy's, which stays on the CPU; `rows` of the
        unique texts, or of the conversations with the `weights` (A,) of their learned tokens."""
        regions = [len(sample.boxes) for sample in samples]
        batch: Batch = {
            "images": torch.stack([sample.image for sample in samples]),
            "boxes": torch.cat([sample.boxes for sample in samples]),
            "image_index": np.repeat(np.arange(len(samples)), regions),
            "counts": {"images": len(samples), "regions": sum(regions)},
        }
        self._add_tags(batch, samples) if kind == "align" else self._add_answers(batch, samples)
        return batch

    def trainable(self, model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
        """What the model's configuration lets learn."""
        config = cast(ASM, model).config
        return [(name, parameter) for name, parameter in model.named_parameters() if trains(name, config)]

    def _add_tags(self, batch: Batch, samples: Sequence[Sample]) -> None:
        texts, batch["related"] = region_texts(
            [tags for sample in samples for tags in sample.tags],
            negatives_without_accepted=self._options.negatives_without_accepted,
        )
        batch["rows"] = _tensors([self._prompts.tag(text) for text in texts]) if texts else {}
        batch["counts"]["texts"] = len(texts)
        batch["counts"]["truncated_texts"] = sum(self._prompts.is_cut(text) for text in texts)

    def _add_answers(self, batch: Batch, samples: Sequence[Sample]) -> None:
        rows = [cast(Row, sample.row) for sample in samples]
        learned = [sum(row.learned) for row in rows]
        batch["rows"] = _tensors(rows)
        batch["weights"] = torch.tensor([sample.weight for sample in samples]).repeat_interleave(torch.tensor(learned))
        batch["counts"]["answer_tokens"] = sum(learned)

    def _placed(self, record: Record, image: Image.Image, chosen: Sequence[int]) -> Tensor:
        height, width = self._image_size
        boxes = checked_boxes([record.boxes[index] for index in chosen], *image.size)
        return scaled_boxes(boxes, from_size=image.size, to_size=(width, height))


def _tensors(rows: Sequence[Row]) -> dict[str, Tensor]:
    rows_ = padded(rows)
    return {"codes": rows_.codes, "present": rows_.present, "learned": rows_.learned}


def _turns(messages: Sequence[Message]) -> tuple[str, list[tuple[str, str | None]]]:
    """The system message, or nothing; and the questions with their answers."""
    system = messages[0].content if messages[0].role == "system" else ""
    spoken = [message.content for message in messages if message.role != "system"]
    return system, list(zip(spoken[::2], spoken[1::2], strict=True))


def _chosen(regions: int, most: int | None, generator: np.random.Generator) -> list[int]:
    if most is None or regions <= most:
        return list(range(regions))
    chosen: list[int] = np.sort(generator.choice(regions, most, replace=False)).tolist()
    return chosen
