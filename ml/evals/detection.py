"""Average precision of a COCO result file, by faster-coco-eval.

    python -m ml.evals.detection --ground-truth instances.json --results boxes.json [--iou-type segm] [--style lvis]

prints the twelve figures of COCO (AP and AR over IoU .50:.05:.95, T.-Y. Lin et al., 2014), or the thirteen of LVIS
(A. Gupta et al., 2019: 300 results an image, categories by how frequent they are, labels that are not exhaustive).
Figures are shares in [0, 1]; one that no ground truth speaks to is NaN (null in JSON).
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.evals import commands
from ml.evals.coco_files import GroundTruth, Overlap, Record, Style, read_ground_truth, read_results

SIZES = {
    "coco": {"s": (0.0, 32.0**2), "m": (32.0**2, 96.0**2), "l": (96.0**2, 1e10)},
    "argus": {
        "tiny": (0.0, 20.0**2),
        "small": (20.0**2, 40.0**2),
        "medium": (40.0**2, 100.0**2),
        "large": (100.0**2, 200.0**2),
        "xlarge": (200.0**2, 500.0**2),
        "huge": (500.0**2, 1e10),
    },
}
"""Size classes by area in square pixels: of COCO, and of this project (papers V1, appendix C)."""

RESULTS_AN_IMAGE = {"coco": (1, 10, 100), "lvis": (300,)}


def score(
    truth: GroundTruth,
    results: Sequence[Record],
    *,
    overlap: Overlap = "bbox",
    style: Style = "coco",
    sizes: str = "coco",
    per_category: bool = False,
) -> dict[str, Any]:
    """AP and AR of `results` (checked, see coco_files.read_results); neither argument is changed."""
    evaluation = _evaluation(truth, results, overlap, style, sizes)
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]  # (T, R, K, A, M), (T, K, A, M)
    limits = RESULTS_AN_IMAGE[style]
    classes = {name: 1 + place for place, name in enumerate(SIZES[sizes])}
    figures = {
        "AP": _mean(precision[:, :, :, 0, -1]),
        "AP50": _mean(precision[0, :, :, 0, -1]),
        "AP75": _mean(precision[5, :, :, 0, -1]),
    }
    figures |= {f"AP{_named(name)}": _mean(precision[:, :, :, area, -1]) for name, area in classes.items()}
    if style == "lvis":
        for letter in "rcf":
            members = [place for place, category in enumerate(_categories(truth)) if category["frequency"] == letter]
            figures[f"AP{letter}"] = _mean(precision[:, :, members, 0, -1])
    figures |= {f"AR{limit}": _mean(recall[:, :, 0, place]) for place, limit in enumerate(limits)}
    figures |= {f"AR{_named(name)}": _mean(recall[:, :, area, -1]) for name, area in classes.items()}
    answer: dict[str, Any] = dict(figures)
    answer["counts"] = {
        "images": len(truth.images),
        "annotations": len(truth.annotations),
        "categories": len(truth.categories),
        "results": len(results),
    }
    if per_category:
        names = [f"{category['id']} {category['name']}" for category in _categories(truth)]
        answer["per_category"] = {name: _mean(precision[:, :, place, 0, -1]) for place, name in enumerate(names)}
    return answer


def _evaluation(truth: GroundTruth, results: Sequence[Record], overlap: Overlap, style: Style, sizes: str) -> Any:
    from faster_coco_eval import COCO, COCOeval_faster

    fields = ["image_id", "category_id", "bbox", "area", "iscrowd"] + ["segmentation"] * (overlap == "segm")
    dataset = {
        "images": [dict(image) for image in truth.images.values()],
        "categories": [dict(category) for category in truth.categories.values()],
        # Ids from 1: to the evaluator a match with annotation 0 is no match.
        "annotations": [
            {name: annotation[name] for name in fields} | {"id": place}
            for place, annotation in enumerate(truth.annotations, start=1)
        ],
    }
    limits = RESULTS_AN_IMAGE[style]
    kept = _best_of_each_image(results, limits[-1]) if style == "lvis" else results
    reference = COCO(dataset)
    evaluation = COCOeval_faster(
        reference,
        reference.loadRes([dict(result) for result in kept]),
        overlap,
        ranges={name: list(bounds) for name, bounds in SIZES[sizes].items()},
        lvis_style=style == "lvis",
    )
    evaluation.params.maxDets = list(limits)
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


def _best_of_each_image(results: Sequence[Record], limit: int) -> list[Record]:
    """LVIS counts the best `limit` results of an image over all categories together."""
    by_image: defaultdict[int, list[Record]] = defaultdict(list)
    for result in results:
        by_image[result["image_id"]].append(result)
    kept = []
    for members in by_image.values():
        kept += sorted(members, key=lambda result: -result["score"])[:limit]
    return kept


def _categories(truth: GroundTruth) -> list[Record]:
    """In the evaluator's order."""
    return [truth.categories[identity] for identity in sorted(truth.categories)]


def _mean(values: Any) -> float:
    known = values[values > -1]
    return float(np.mean(known)) if known.size else float("nan")


def _named(size: str) -> str:
    return size if len(size) == 1 else f"_{size}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = commands.parser("detection", "Average precision and recall of a COCO result file.")
    parser.add_argument("--ground-truth", type=Path, required=True, help="instances JSON of COCO or LVIS")
    parser.add_argument("--results", type=Path, required=True, help="result JSON: image_id, category_id, bbox, score")
    parser.add_argument("--iou-type", choices=["bbox", "segm"], default="bbox", help="overlap of boxes or of masks")
    parser.add_argument("--style", choices=["coco", "lvis"], default="coco", help="whose rules count (default: coco)")
    parser.add_argument("--sizes", choices=sorted(SIZES), default="coco", help="size classes (default: coco's three)")
    parser.add_argument("--per-category", action="store_true", help="AP of each category too")
    return commands.run(parser.parse_args(arguments), parser.prog, _evaluate)


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    truth = read_ground_truth(options.ground_truth, style=options.style, overlap=options.iou_type)
    results = read_results(options.results, truth, overlap=options.iou_type)
    return score(
        truth,
        results,
        overlap=options.iou_type,
        style=options.style,
        sizes=options.sizes,
        per_category=options.per_category,
    )


if __name__ == "__main__":
    sys.exit(main())
