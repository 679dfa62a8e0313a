"""Region recognition with ground-truth boxes: mAP of a model that names every box (papers V1 §5.2, tables 4 and 11-13).

    python -m ml.evals.recognition --checkpoint runs/rclip --ground-truth instances_val2017.json --images val2017

As in RegionCLIP (Y. Zhong et al., 2022): the boxes are given (crowds left out), each is scored against the names of
all categories, a softmax over the categories makes the scores, and the best results of an image count, 100 on COCO and
300 on LVIS. No box is suppressed by another, since all are true.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.evals import commands, detection
from ml.evals.coco_files import GroundTruth, Record, Style, read_ground_truth
from ml.evals.inputs import InputError
from ml.evals.scorers import RegionScorer, load_scorer
from ml.evals.shares import Share
from ml.evals.size_classes import SIZE_CLASSES, size_class


@dataclass
class Recognition:
    """Results in COCO's form, and how often the true category came first, or among the first five."""

    results: list[Record] = field(default_factory=list)
    top1: Share = field(default_factory=Share)
    top5: Share = field(default_factory=Share)
    top1_by_size: dict[str, Share] = field(default_factory=dict)


def category_texts(truth: GroundTruth, template: str = "{}") -> list[str]:
    """What each category, in the order of ids, is called: its name with spaces for underscores, in the template.

    Raises InputError for a template without one {}.
    """
    if template.count("{}") != 1:
        raise InputError(f"the template {template!r} must contain {{}} once, where the name goes")
    names = (truth.categories[identity]["name"].replace("_", " ") for identity in sorted(truth.categories))
    return [template.replace("{}", name) for name in names]


def recognise(
    scorer: RegionScorer, truth: GroundTruth, images: Path, *, template: str = "{}", style: Style = "coco"
) -> Recognition:
    """Scores every box of `truth` against every category. Image files are found in `images` by their name.

    Raises InputError that names the image: missing, damaged, of another size, or with a box that is not on it.
    """
    texts = category_texts(truth, template)
    categories = sorted(truth.categories)
    boxes: defaultdict[int, list[Record]] = defaultdict(list)
    for annotation in truth.annotations:
        if not annotation["iscrowd"]:
            boxes[annotation["image_id"]].append(annotation)
    found = Recognition()
    for identity in sorted(boxes):
        logits = _logits(scorer, truth, truth.images[identity], boxes[identity], images, texts)
        _count(found, boxes[identity], logits, categories)
        found.results += _best(boxes[identity], logits, categories, detection.RESULTS_AN_IMAGE[style][-1])
    return found


def image_file(image: Record, folder: Path) -> Path:
    """Where an image of COCO or LVIS lies: its `file_name`, or the last part of its `coco_url`. Raises InputError."""
    name = image.get("file_name") or str(image.get("coco_url", "")).rpartition("/")[2]
    if not name or not isinstance(name, str):
        raise InputError(f"image {image['id']} has neither 'file_name' nor 'coco_url'")
    return folder / name


def _logits(
    scorer: RegionScorer, truth: GroundTruth, image: Record, boxes: Sequence[Record], folder: Path, texts: Sequence[str]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    from ml.boxes import BoxError
    from ml.data.images import ImageError, read_image

    where = f"{truth.path}, image {image['id']}"
    corners = [(x, y, x + width, y + height) for x, y, width, height in (one["bbox"] for one in boxes)]
    try:
        photo = read_image(image_file(image, folder), (image["width"], image["height"]))
        logits = np.asarray(scorer.score(photo, corners, texts), np.float64)
    except (ImageError, BoxError) as problem:
        raise InputError(f"{where}: {problem}") from problem
    if logits.shape != (len(boxes), len(texts)) or not np.isfinite(logits).all():
        raise InputError(
            f"{where}: the model's scores are not finite numbers of {len(boxes)} boxes x {len(texts)} names"
        )
    return logits


def _best(
    boxes: Sequence[Record], logits: np.ndarray[Any, np.dtype[np.float64]], categories: Sequence[int], limit: int
) -> list[Record]:
    """The results of one image with the highest probabilities, the first of equals first."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (odds / odds.sum(axis=1, keepdims=True)).ravel()
    results = []
    for place in np.argsort(-shares, kind="stable")[:limit]:
        box, category = divmod(int(place), len(categories))
        results.append(
            {
                "image_id": boxes[box]["image_id"],
                "category_id": categories[category],
                "bbox": boxes[box]["bbox"],
                "score": float(shares[place]),
            }
        )
    return results


def _count(
    found: Recognition,
    boxes: Sequence[Record],
    logits: np.ndarray[Any, np.dtype[np.float64]],
    categories: Sequence[int],
) -> None:
    ranked = np.argsort(-logits, axis=1, kind="stable")[:, :5]
    for box, row in zip(boxes, ranked, strict=True):
        hits = [categories[place] == box["category_id"] for place in row]
        found.top1.add(hits[0])
        found.top5.add(any(hits))
        x, y, width, height = box["bbox"]
        found.top1_by_size.setdefault(size_class((x, y, x + width, y + height)), Share()).add(hits[0])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = commands.parser("recognition", "mAP of a model that names ground-truth boxes.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint folder of an R-CLIP or an ASM")
    parser.add_argument("--ground-truth", type=Path, required=True, help="instances JSON of COCO or LVIS")
    parser.add_argument("--images", type=Path, required=True, help="folder of the image files")
    parser.add_argument("--style", choices=["coco", "lvis"], default="coco", help="whose rules count (default: coco)")
    parser.add_argument("--template", default="{}", help="text of a category, {} is its name: 'a photo of a {}'")
    parser.add_argument("--device", default="cpu", help="where the model runs: cpu (default), cuda, cuda:1")
    parser.add_argument("--results", type=Path, help="write the results here too, as a COCO result file")
    return commands.run(parser.parse_args(arguments), parser.prog, _evaluate)


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    truth = read_ground_truth(options.ground_truth, style=options.style)
    scorer = load_scorer(options.checkpoint, options.device)
    found = recognise(scorer, truth, options.images, template=options.template, style=options.style)
    if not found.results:
        raise InputError(f"{truth.path}: no annotation but crowds")
    if options.results:
        options.results.write_text(json.dumps(found.results) + "\n", encoding="utf-8")
    return {
        **detection.score(truth, found.results, style=options.style),
        "top1": found.top1.as_dict(),
        "top5": found.top5.as_dict(),
        "top1_by_size": {n: found.top1_by_size[n].as_dict() for n in SIZE_CLASSES if n in found.top1_by_size},
    }


if __name__ == "__main__":
    sys.exit(main())
