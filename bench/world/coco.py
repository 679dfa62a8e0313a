"""A world on disk: pictures and unlabelled proposals for the application, and the truth in a folder of its own.

DIR/images/*.jpg         pictures
DIR/proposals.json       COCO: images, and annotations with boxes but no category
TRUTH/instances.json     COCO instances: every thing with its tight box and its concept
TRUTH/captions.json      COCO captions: one sentence about each picture
TRUTH/scenes.jsonl       the scenes themselves, one a line
TRUTH/world.json         what made them
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL

from .captions import scene_caption
from .concepts import CONCEPTS
from .glyphs import FONT
from .proposals import propose
from .relations import Box
from .rendering import jpeg, render
from .scenes import Scene, make_scene

CATEGORY_IDS: Final = {concept.name: number for number, concept in enumerate(CONCEPTS, start=1)}

Document = dict[str, Any]


def write_world(
    folder: Path, truth: Path, *, scenes: int, seed: int, domain: str, distractors: float
) -> dict[str, int]:
    """Writes the files above for scenes 0 to `scenes` - 1. Answers how many images, objects and proposals there are."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    proposals, instances, captions = _document(), _document(categories=_categories()), _document()
    with (truth / "scenes.jsonl").open("w", encoding="utf-8") as lines:
        for scene in (make_scene(seed, index, domain=domain) for index in range(scenes)):
            (images / scene.file_name).write_bytes(jpeg(render(scene)))
            lines.write(json.dumps(scene.to_dict(), ensure_ascii=False) + "\n")
            for document in (proposals, instances, captions):
                document["images"].append(image_entry(scene))
            _append(proposals, ({"bbox": xywh(box)} for box in propose(scene, distractors=distractors)))
            _append(instances, _things(scene))
            _append(captions, [{"caption": scene_caption(scene)}])
    _write(folder / "proposals.json", proposals)
    _write(truth / "instances.json", instances)
    _write(truth / "captions.json", captions)
    _write(truth / "world.json", _origin(scenes=scenes, seed=seed, domain=domain, distractors=distractors))
    return {"images": scenes, "objects": len(instances["annotations"]), "proposals": len(proposals["annotations"])}


def image_id(scene: Scene) -> int:
    return scene.index + 1


def image_entry(scene: Scene) -> Document:
    return {"id": image_id(scene), "file_name": scene.file_name, "width": scene.width, "height": scene.height}


def xywh(box: Box) -> list[float]:
    """COCO's corner and size, px."""
    x1, y1, x2, y2 = box
    return [round(value, 2) for value in (x1, y1, x2 - x1, y2 - y1)]


def _things(scene: Scene) -> Iterator[Document]:
    for thing in scene.objects:
        box = xywh(thing.box)
        yield {"category_id": CATEGORY_IDS[thing.concept], "bbox": box, "area": box[2] * box[3], "iscrowd": 0}


def _categories() -> list[Document]:
    return [{"id": CATEGORY_IDS[one.name], "name": one.name, "supercategory": one.group} for one in CONCEPTS]


def _document(**parts: Any) -> Document:
    return {"images": [], "annotations": [], **parts}


def _append(document: Document, annotations: Iterable[Document]) -> None:
    """Adds annotations to the document's last image."""
    image = document["images"][-1]["id"]
    for annotation in annotations:
        number = len(document["annotations"]) + 1
        document["annotations"].append({"id": number, "image_id": image, **annotation})


def _origin(**command: Any) -> Document:
    """Pictures are the same bytes only where font, Pillow and numpy are."""
    digest = hashlib.sha256(FONT.read_bytes()).hexdigest()
    return {**command, "font_sha256": digest, "pillow": PIL.__version__, "numpy": np.__version__}


def _write(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
