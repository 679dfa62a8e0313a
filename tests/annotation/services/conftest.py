"""Photos and annotation files for the services that bring them in."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture


def jpeg(seed: int, size: tuple[int, int] = (100, 80), **options: Any) -> bytes:
    """A picture of its own for every seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1] // 4, size[0] // 4, 3), dtype=np.uint8)
    out = io.BytesIO()
    Picture.fromarray(pixels).resize(size).save(out, "JPEG", **options)
    return out.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """Write photos 1.jpg, 2.jpg … of 100 × 80 px to a folder."""

    def work(count: int, folder: str = "photos", first: int = 1) -> Path:
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        for number in range(first, first + count):
            (path / f"{number}.jpg").write_bytes(jpeg(number))
        return path

    return work


@pytest.fixture
def coco(tmp_path: Path) -> Callable[..., Path]:
    """Write a COCO file about photos 1.jpg, 2.jpg … with the annotations given."""

    def work(count: int, annotations: list[dict[str, Any]], name: str = "coco.json") -> Path:
        images = [
            {"id": number, "file_name": f"{number}.jpg", "width": 100, "height": 80} for number in range(1, count + 1)
        ]
        categories = [{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}]
        path = tmp_path / name
        path.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))
        return path

    return work


def box(number: int, image: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "image_id": image, "category_id": 7, "bbox": [10, 20, 30, 40], **fields}
