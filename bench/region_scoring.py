"""300 boxes of a photo against 1,000 tags: R-CLIP's RegionPredictor beside CLIP on 300 crops (the paper's loop 0).

Same tower with the same weights, same device and precision, same photo. CLIP is open_clip's, unmodified: its own
preprocessing of each crop (resized whole, as R-CLIP's images are), `encode_image` in chunks of 64, cosine times scale.
Both start from the decoded photo and end with the scores on the CPU. The embeddings of the 1,000 tags are made
beforehand for both, since a vocabulary is embedded once for many photos; `seconds_of_the_texts` is what they cost.
`speedup_over_crops` is the median over the rounds, in which the two take turns, of the ratio of their times.

    python -m bench.region_scoring --json                    CPU: ViT-S/32, float32; about three minutes
    python -m bench.region_scoring --device cuda --json      ViT-L/14, bfloat16
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from ml.boxes import Boxes
from ml.rclip.predictor import RegionPredictor

from . import reporting
from .rclip_step import make_model

GOAL: Final = {
    "speedup_over_crops": (reporting.AT_LEAST, 20.0),
    "boxes": (reporting.AT_LEAST, 300.0),
    "tags": (reporting.AT_LEAST, 1000.0),
}
PHOTO: Final = (640, 480)
CROP_CHUNK: Final = 64


class CropClip:
    """Loop 0: each box cut out, prepared as open_clip does for evaluation, and embedded as an image of its own."""

    def __init__(self, predictor: RegionPredictor) -> None:
        from open_clip import image_transform

        preprocessing = predictor.model.preprocessing
        self._clip = predictor.model.clip
        self._prepare = image_transform(
            preprocessing.image_size,
            is_train=False,
            mean=preprocessing.mean,
            std=preprocessing.std,
            resize_mode="squash",
        )
        self._device, self._dtype = predictor.device, predictor.dtype
        self._scale = predictor.scale

    @torch.inference_mode()
    def score(self, photo: Image.Image, boxes: Boxes, texts: torch.Tensor) -> torch.Tensor:
        """texts: (t, D) float32 embeddings. Returns (n, t) on the CPU."""
        crops = [self._prepare(photo.crop((round(x1), round(y1), round(x2), round(y2)))) for x1, y1, x2, y2 in boxes]
        rows = []
        for start in range(0, len(crops), CROP_CHUNK):
            images = torch.stack(crops[start : start + CROP_CHUNK]).to(self._device, self._dtype)
            rows.append(functional.normalize(self._clip.encode_image(images).float(), dim=-1))
        return (self._scale * torch.cat(rows) @ texts.T).cpu()


def make_photo(boxes: int, seed: int = 0) -> tuple[Image.Image, list[list[float]]]:
    """A photo of PHOTO's size, and boxes of sizes as in photos."""
    random = np.random.default_rng(seed)
    width, height = PHOTO
    small = random.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    photo = Image.fromarray(small).resize(PHOTO, Image.Resampling.BICUBIC)
    sides = np.exp(random.normal(4.2, 0.7, (boxes, 2))).clip(12, 400)
    corners = random.uniform(0, 1, (boxes, 2)) * ([width, height] - sides)
    return photo, np.hstack([corners, corners + sides]).round(2).tolist()


def measure(tower: str, device: str, boxes: int, tags: int, rounds: int) -> dict[str, Any]:
    """One warm-up of each, then both in turn."""
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    predictor = RegionPredictor(make_model(tower), device, dtype)
    crops = CropClip(predictor)
    photo, places = make_photo(boxes)
    texts = [f"thing number {number}" for number in range(tags)]
    texts_s, embedded = _seconds(lambda: predictor.embed_texts(texts), device)
    few = places[:CROP_CHUNK]
    crops.score(photo, few, embedded), predictor.score(predictor.encode(photo), few, texts)
    slow, fast = [], []
    for _ in range(rounds):
        taken, theirs = _seconds(lambda: crops.score(photo, places, embedded), device)
        slow.append(taken)
        taken, ours = _seconds(lambda: predictor.score(predictor.encode(photo), places, texts), device)
        fast.append(taken)
        assert ours.shape == theirs.shape == (boxes, tags)
    return {
        "speedup_over_crops": round(statistics.median(a / b for a, b in zip(slow, fast, strict=True)), 1),
        "crops_ms": round(1000 * statistics.median(slow), 1),
        "regions_ms": round(1000 * statistics.median(fast), 2),
        "seconds_of_the_texts": round(texts_s, 2),
        "boxes": boxes,
        "tags": tags,
        "rounds": rounds,
        "tower": tower,
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "threads": torch.get_num_threads(),
    }


def _seconds(run: Callable[[], torch.Tensor], device: str) -> tuple[float, torch.Tensor]:
    start = time.perf_counter()
    result = run()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


def main(arguments: Sequence[str] | None = None) -> None:
    options = reporting.parser("region_scoring", __doc__)
    options.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    options.add_argument("--tower", help="a model of open_clip, or tiny (default: ViT-S-32; on CUDA ViT-L-14)")
    options.add_argument("--boxes", type=int, default=300)
    options.add_argument("--tags", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3, help="of which the median counts (default: 3)")
    given = options.parse_args(arguments)
    on_gpu = given.device.startswith("cuda")
    if on_gpu and not torch.cuda.is_available():
        options.error(f"--device {given.device}: torch finds no CUDA device here")
    if min(given.boxes, given.tags, given.rounds) < 1:
        options.error("--boxes, --tags and --rounds must be at least 1")
    tower = given.tower or ("ViT-L-14" if on_gpu else "ViT-S-32")
    try:
        figures = measure(tower, given.device, given.boxes, given.tags, given.rounds)
    except ValueError as error:
        options.error(str(error))
    if not given.json:
        for name, value in figures.items():
            print(f"{name:>24}: {value}")
    reporting.report("region_scoring", figures, {} if tower == "tiny" else GOAL)


if __name__ == "__main__":
    main()
