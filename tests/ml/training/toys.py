"""A model family small enough for a test: both kinds of objective, real gradients, dropout, a tokenizer-like asset."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.nn.functional import all_gather
from torch.nn.functional import cross_entropy, normalize

from ml.data.manifests import Record
from ml.registry import FAMILIES, ModelFamily
from ml.training.tasks import Batch, Embeddings, LossParts

SIDE = 8


@dataclass(frozen=True)
class ToyConfig:
    kind = "toy"
    width: int = 8
    dropout: float = 0.0
    mean: tuple[float, ...] = (0.0, 0.5)  # a tuple, which JSON gives back as a list

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ToyConfig:
        fields = {name: value for name, value in values.items() if name != "kind"}
        if unknown := set(fields) - {"width", "dropout", "mean"}:
            raise ValueError(f"toy has no field {min(unknown)!r}")
        return cls(**{**fields, "mean": tuple(fields.get("mean", cls.mean))})

    @classmethod
    def tiny(cls) -> ToyConfig:
        return cls()


class Toy(nn.Module):
    """Regions and texts into one space; letters of an answer from the region."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.regions = nn.Sequential(
            nn.Linear(3 * SIDE * SIDE, config.width), nn.Dropout(config.dropout), nn.Linear(config.width, config.width)
        )
        self.texts = nn.Embedding(256, config.width)
        self.letters = nn.Linear(config.width, 256)
        self.unused = nn.Linear(2, 2)
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.note = "made"

    def save_assets(self, folder: Path) -> None:
        (folder / "note.json").write_text(json.dumps({"note": self.note}))

    def left_out(self) -> frozenset[str]:
        return frozenset()

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        rows = [self.texts(torch.tensor(list(text.encode()))).mean(0) for text in texts]
        return normalize(torch.stack(rows), dim=-1)


def build_toy(config: ToyConfig) -> Toy:
    return Toy(config)


def restore_toy(config: ToyConfig, folder: Path) -> Toy:
    toy = Toy(config)
    toy.note = json.loads((folder / "note.json").read_text())["note"]
    return toy


class Align:
    def embed(self, model: nn.Module, batch: Batch) -> Embeddings:
        assert isinstance(model, Toy)
        return {
            "regions": normalize(model.regions(batch["pixels"]), dim=-1),
            "texts": model.embed_texts(batch["texts"]),
            "scale": model.scale.reshape(1),
        }

    def contrast(self, model: nn.Module, embeddings: Sequence[Embeddings], batches: Sequence[Batch]) -> LossParts:
        assert isinstance(model, Toy)
        regions, texts = (
            _joint([part["regions"] for part in embeddings]),
            _joint([part["texts"] for part in embeddings]),
        )
        logits = model.scale.exp() * regions @ texts.T
        target = torch.arange(len(logits))
        forward, backward = cross_entropy(logits, target), cross_entropy(logits.T, target)
        return LossParts((forward + backward) / 2, {"image_to_text": float(forward.detach())})


def _joint(parts: Sequence[Tensor]) -> Tensor:
    own = torch.cat(list(parts))
    return torch.cat(all_gather(own)) if dist.is_initialized() else own


class Generate:
    def size(self, batch: Batch) -> float:
        return float(sum(len(target) for target in batch["targets"]))

    def loss(self, model: nn.Module, batch: Batch) -> LossParts:
        assert isinstance(model, Toy)
        logits = model.letters(model.regions(batch["pixels"]))
        rows = [row.expand(len(target), -1) for row, target in zip(logits, batch["targets"], strict=True)]
        loss = cross_entropy(torch.cat(rows), torch.cat(batch["targets"]))
        return LossParts(loss, {"letters": float(loss.detach())})


class ToyTask:
    """Options: `slow` seconds a sample; `poison`: a tag whose pixels become NaN; `refuse`: a tag that is refused;
    `break`: one that no batch bears."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if unknown := set(options) - {"slow", "poison", "refuse", "break"}:
            raise ValueError(f"training.task has no option {min(unknown)!r}")
        self._options = options
        self.objectives: dict[str, Any] = {"align": Align(), "generate": Generate()}

    @classmethod
    def for_model(cls, model: nn.Module, options: Mapping[str, Any]) -> ToyTask:
        return cls(options)

    def transform(self, record: Record, image: Image.Image, generator: np.random.Generator) -> dict[str, Any]:
        time.sleep(self._options.get("slow", 0))
        x1, y1, x2, y2 = (round(side) for side in record.boxes[0])
        crop = image.crop((x1, y1, x2, y2)).resize((SIDE, SIDE))
        pixels = np.asarray(crop, np.float32).reshape(-1) / 255
        pixels = pixels + generator.normal(0, 0.01, pixels.shape).astype(np.float32)
        text = generator.choice(record.tags[0].accepted) if record.task == "align" else record.messages[-1].content
        if text == self._options.get("refuse"):
            raise ValueError(f"{text} is refused")
        if text == self._options.get("poison"):
            pixels = pixels * np.float32("nan")
        return {"pixels": torch.from_numpy(pixels), "text": str(text), "regions": len(record.boxes)}

    def collate(self, kind: str, samples: Sequence[Any]) -> Batch:
        texts = [sample["text"] for sample in samples]
        if self._options.get("break") in texts:
            raise ValueError(f"{self._options['break']} breaks a batch")
        batch: Batch = {
            "pixels": torch.stack([sample["pixels"] for sample in samples]),
            "counts": {"images": len(samples), "regions": sum(sample["regions"] for sample in samples)},
        }
        if kind == "align":
            return {**batch, "texts": texts}
        return {**batch, "targets": [torch.tensor(list(text.encode())) for text in texts]}

    def trainable(self, model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
        return [(name, parameter) for name, parameter in model.named_parameters() if not name.startswith("unused")]


TOY = ModelFamily(
    config="tests.ml.training.toys:ToyConfig",
    build="tests.ml.training.toys:build_toy",
    restore="tests.ml.training.toys:restore_toy",
    task="tests.ml.training.toys:ToyTask",
)


def train(
    arguments: Sequence[str], errors: str, environment: Mapping[str, str] = {}, file_size: int | None = None
) -> None:
    """The command in a process of its own: texts to the file `errors`, the exit code is that of the command."""
    import resource

    os.environ.update(environment)
    torch.set_num_threads(1)
    descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 2)
    sys.stderr = os.fdopen(os.dup(descriptor), "w", buffering=1)
    FAMILIES["toy"] = TOY
    if file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    from ml.train import main

    sys.exit(main(arguments))
