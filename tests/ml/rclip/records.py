"""Pictures of coloured squares, and records of what people say about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ml.data.manifests import Box, Record, record_of
from ml.rclip.model import RClip
from ml.rclip.training import RClipTask, RegionSample

COLOURS = ("red", "green", "blue", "yellow", "black", "white")
SIZE = (96, 64)
SLOTS: tuple[Box, ...] = ((4, 4, 28, 28), (36, 30, 60, 54), (68, 8, 92, 32))


def picture(colours: Sequence[str]) -> Image.Image:
    """A grey picture with one square per colour, in SLOTS."""
    image = Image.new("RGB", SIZE, "grey")
    for colour, (x1, y1, x2, y2) in zip(colours, SLOTS, strict=False):
        ImageDraw.Draw(image).rectangle((x1, y1, x2 - 1, y2 - 1), colour)
    return image


def record(tags: Sequence[dict[str, Any]], **fields: Any) -> Record:
    """One box per entry of `tags`."""
    boxes = [list(box) for box in SLOTS[: len(tags)]]
    width, height = SIZE
    values = {"task": "align", "image": "a.png", "width": width, "height": height, "boxes": boxes, "tags": list(tags)}
    return record_of({**values, **fields})


def samples(task: RClipTask, count: int, seed: int = 0, *, accepted: bool = True) -> list[RegionSample]:
    """Random squares with their right tag accepted (or none at all) and others rejected."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        chosen = random.choice(COLOURS, int(random.integers(1, 4))).tolist()
        tags = []
        for colour in chosen:
            wrong = random.choice([other for other in COLOURS if other != colour], 2, replace=False).tolist()
            right = [colour, f"{colour} square"][: int(random.integers(1, 3))] if accepted else []
            tags.append({"accepted": right, "rejected": wrong, "weight": float(random.choice([0.5, 1.0, 2.0]))})
        made.append(task.transform(record(tags), picture(chosen), random))
    return made


def task_for(model: RClip, **options: Any) -> RClipTask:
    return RClipTask.for_model(model, options)
