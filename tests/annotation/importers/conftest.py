"""Files of every format, written by the test that needs them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotation.importers.options import ImportOptions
from annotation.importers.records import BoxRecord, CaptionRecord, ImageRecord, Problem, Record
from annotation.importers.registry import IMPORTERS


class Read:
    """What one import yielded, by kind."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.images = [record for record in records if isinstance(record, ImageRecord)]
        self.boxes = [record for record in records if isinstance(record, BoxRecord)]
        self.captions = [record for record in records if isinstance(record, CaptionRecord)]
        self.problems = [record for record in records if isinstance(record, Problem)]

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems]

    @property
    def only_problem(self) -> Problem:
        assert len(self.problems) == 1, self.problems
        return self.problems[0]


@pytest.fixture
def read() -> Callable[..., Read]:
    def work(format_name: str, **options: Any) -> Read:
        return Read(list(IMPORTERS[format_name].read(ImportOptions(**options))))

    return work


@pytest.fixture
def coco_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a COCO file: two photos of 100 × 80 px (ids 1, 2), categories cat (7) and dog (8), and what is given."""

    def work(annotations: list[Any], name: str = "instances.json", **parts: Any) -> Path:
        document = {
            "images": [
                {"id": number, "file_name": f"{number}.jpg", "width": 100, "height": 80, "license": 4}
                for number in (1, 2)
            ],
            "licenses": [{"id": 4, "name": "Attribution License"}],
            "categories": [{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}],
            "annotations": annotations,
            **parts,
        }
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return work


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Path]:
    """Write a JPEG of 100 × 80 px below tmp_path."""

    def work(name: str, size: tuple[int, int] = (100, 80)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, "red").save(path)
        return path

    return work


def box_annotation(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": number, "image_id": 1, "category_id": 7, "bbox": [10, 20, 30, 40], **fields}
