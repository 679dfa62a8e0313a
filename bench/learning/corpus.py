"""The corpus as the engine sees it: pictures and boxes, without labels. The truth lies elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.world.coco import write_world
from bench.world.concepts import CONCEPTS
from bench.world.proposals import DISTRACTORS

Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]
Pixels: TypeAlias = npt.NDArray[np.uint8]

VOCABULARY: Final = tuple(concept.name for concept in CONCEPTS)
"""The candidates of every region: the names of all concepts of the world."""

HOLDOUT: Final = 0.2
"""Share of all pictures that nobody samples or trains on; their backgrounds and seeds are their own."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """R regions on I pictures.

    names: (I,) file names. images: (I, HEIGHT, WIDTH, 3). holdout: (I,). boxes: (R, 4) px of the original. image:
    (R,) the picture of each box. crops: (R, c, c, 3), each box cut out and resized whole.
    """

    names: tuple[str, ...]
    images: Pixels
    holdout: Bools
    boxes: npt.NDArray[np.float64]
    image: Ints
    crops: Pixels

    @property
    def held_out(self) -> Bools:
        """(R,) regions of the hold-out."""
        return self.holdout[self.image]

    def box(self, region: int) -> tuple[float, float, float, float]:
        x1, y1, x2, y2 = self.boxes[region].tolist()
        return x1, y1, x2, y2

    def name(self, region: int) -> str:
        return self.names[int(self.image[region])]


def make_worlds(folder: Path, *, scenes: int, seed: int) -> list[tuple[Path, Path]]:
    """(pictures, truth) of the corpus and of the hold-out, `scenes` pictures together; what exists is kept."""
    held = round(scenes * HOLDOUT)
    worlds = []
    for domain, count in (("corpus", scenes - held), ("holdout", held)):
        place = folder / f"{domain}-{seed}-{count}"
        if not (place / "truth" / "world.json").is_file():
            write_world(
                place / "open", place / "truth", scenes=count, seed=seed, domain=domain, distractors=DISTRACTORS
            )
        worlds.append((place / "open", place / "truth"))
    return worlds


def read_corpus(folders: list[Path], *, crop_side: int) -> Corpus:
    """Pictures and proposals of the corpus' and the hold-out's folder. Opens nothing else."""
    names: list[str] = []
    images: list[Pixels] = []
    crops: list[Pixels] = []
    boxes: list[list[float]] = []
    image: list[int] = []
    holdout: list[bool] = []
    for number, folder in enumerate(folders):
        document = json.loads((folder / "proposals.json").read_text("utf-8"))
        proposed: dict[int, list[list[float]]] = {}
        for annotation in document["annotations"]:
            x, y, width, height = annotation["bbox"]
            proposed.setdefault(annotation["image_id"], []).append([x, y, x + width, y + height])
        for entry in document["images"]:
            with Image.open(folder / "images" / entry["file_name"]) as opened:
                picture = opened.convert("RGB")
            own = proposed.get(entry["id"], [])
            boxes += own
            image += [len(names)] * len(own)
            crops += [_cut(picture, box, crop_side) for box in own]
            names.append(entry["file_name"])
            images.append(np.asarray(picture))
            holdout.append(number > 0)
    return Corpus(
        tuple(names), np.stack(images), np.array(holdout), np.array(boxes, np.float64), np.array(image, np.int64),
        np.stack(crops),
    )  # fmt: skip


def _cut(picture: Image.Image, box: list[float], side: int) -> Pixels:
    area: Any = tuple(box)
    return np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC, box=area))
