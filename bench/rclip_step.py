"""A training step of R-CLIP, with 8 regions an image, beside the unmodified open_clip step on whole images.

Same tower, same images, and both encode the same number of unique texts, padded to the same length: one per image. Each
step is forward, loss, backward and AdamW. R-CLIP's is the trainer's own, with RoIAlign, one accepted and four rejected
tags a region; open_clip's is its model and its ClipLoss. The two take turns; `ratio_to_open_clip` is the median, over
the rounds, of the ratio of their times.

    python -m bench.rclip_step --json                    CPU: ViT-S/32, 8 images, float32; about two minutes
    python -m bench.rclip_step --device cuda --json      ViT-L/14, 256 images, bfloat16
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.optim import AdamW

from ml.data.batches import MicroBatch
from ml.data.manifests import record_of
from ml.rclip.config import RClipConfig
from ml.rclip.model import RClip, build_rclip
from ml.rclip.sources import build_clip
from ml.rclip.training import RClipTask
from ml.training.gradients import Pass, contrastive_backward
from ml.training.tasks import ContrastiveObjective

from . import reporting

GOAL: Final = {"ratio_to_open_clip": (reporting.AT_LEAST, 0.9)}
FULL_BATCH: Final = 256
"""Images a step on a GPU; with fewer the device may wait for its launches."""

REGIONS: Final = 8
REJECTED: Final = 4
WARM_UP: Final = {"cpu": 1, "cuda": 3}
TINY: Final[dict[str, Any]] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}

Step = Callable[[], float]
"""Runs one training step and returns its loss."""


def make_model(tower: str) -> RClip:
    """`tower`: a name of open_clip, or "tiny"; random weights."""
    torch.manual_seed(0)
    return build_rclip(RClipConfig(tower=TINY if tower == "tiny" else tower))


def make_batch(model: RClip, task: RClipTask, images: int, seed: int = 0) -> dict[str, Any]:
    """As the trainer's data workers make it. Every one of `images` tags is some region's accepted one."""
    random = np.random.default_rng(seed)
    height, width = model.preprocessing.image_size
    tags = [f"thing number {number}" for number in range(images)]
    samples = []
    for number in range(images):
        corners = random.uniform(0, 0.6, (REGIONS, 2))
        boxes = np.hstack([corners, corners + random.uniform(0.1, 0.4, (REGIONS, 2))]) * ([width, height] * 2)
        verdicts = []
        for region in range(REGIONS):
            accepted = (number * REGIONS + region) % images
            others = random.permutation(images)[: REJECTED + 1]
            rejected = [tags[other] for other in others if other != accepted][:REJECTED]
            verdicts.append({"accepted": [tags[accepted]], "rejected": rejected})
        place = {"task": "align", "image": "made up", "width": width, "height": height}
        record = record_of({**place, "boxes": boxes.tolist(), "tags": verdicts})
        pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        samples.append(task.transform(record, Image.fromarray(pixels), random))
    return task.collate("align", samples)


def rclip_step(model: RClip, task: RClipTask, batch: dict[str, Any]) -> Step:
    """The trainer's step: both embeddings, the joint loss, AdamW."""
    objective = task.objectives["align"]
    assert isinstance(objective, ContrastiveObjective)
    optimizer = _optimizer(model)
    way = Pass(lambda _: None, lambda: _precision(model))

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = contrastive_backward(objective, model, [batch], way)
        optimizer.step()
        return float(loss.total.detach())

    return step


def open_clip_step(clip: Any, images: torch.Tensor, tokens: torch.Tensor) -> Step:
    """open_clip's own: model, ClipLoss, AdamW, and the bound of the scale. images: (B, 3, H, W) normalised."""
    from open_clip import ClipLoss

    loss_of = ClipLoss()
    optimizer = _optimizer(clip)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with _precision(clip):
            image_features, text_features, scale = clip(images, tokens)
            loss = loss_of(image_features, text_features, scale)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            clip.logit_scale.clamp_(0, 4.6052)
        return float(loss.detach())

    return step


def measure(tower: str, device: str, images: int, rounds: int) -> dict[str, Any]:
    """Both steps in turn, after rounds that do not count (WARM_UP)."""
    model = make_model(tower)
    task = RClipTask.for_model(model, {})
    made = make_batch(model, task, images)
    batch = MicroBatch("align", made, (), images, ()).to(torch.device(device)).batch or {}
    clip = build_clip(model.config.tower if isinstance(model.config.tower, dict) else {})
    model, clip = model.to(device).train(), clip.to(device).train()
    theirs = open_clip_step(clip, model.preprocessing.normalised(batch["images"]), batch["tokens"])
    ours = rclip_step(model, task, batch)
    for _ in range(WARM_UP[torch.device(device).type]):
        theirs(), ours()
    pairs = [(_taken(theirs, device), _taken(ours, device)) for _ in range(rounds)]
    ratios = [first.seconds / second.seconds for first, second in pairs]
    whole, regions = (statistics.median(taken.seconds for taken in side) for side in zip(*pairs, strict=True))
    return {
        "ratio_to_open_clip": round(statistics.median(ratios), 4),
        "open_clip_images_per_s": round(images / whole, 2),
        "rclip_images_per_s": round(images / regions, 2),
        "rclip_regions_per_s": round(images * REGIONS / regions, 1),
        "lowest_ratio": round(min(ratios), 4),
        "highest_ratio": round(max(ratios), 4),
        "ratio_of_cpu_seconds": round(statistics.median(a.cpu_seconds / b.cpu_seconds for a, b in pairs), 4),
        "images": images,
        "texts": len(batch["tokens"]),
        "rounds": rounds,
        "tower": tower,
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "threads": torch.get_num_threads(),
        "peak_gib": round(torch.cuda.max_memory_allocated(device) / 2**30, 1) if device.startswith("cuda") else None,
    }


def _optimizer(model: nn.Module) -> AdamW:
    return AdamW(model.parameters(), lr=1e-6, weight_decay=0.0)


def _precision(model: nn.Module) -> torch.autocast:
    kind = next(model.parameters()).device.type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda")


@dataclass(frozen=True)
class Taken:
    """cpu_seconds: of all threads of this process, which other load on the machine disturbs less."""

    seconds: float
    cpu_seconds: float


def _taken(step: Step, device: str) -> Taken:
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return Taken(time.perf_counter() - wall, time.process_time() - cpu)


def main(arguments: Sequence[str] | None = None) -> None:
    options = reporting.parser("rclip_step", __doc__)
    options.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    options.add_argument("--tower", help="a model of open_clip, or tiny (default: ViT-S-32; on CUDA ViT-L-14)")
    options.add_argument("--batch", type=int, help=f"images a step (default: 8; on CUDA {FULL_BATCH})")
    options.add_argument("--rounds", type=int, default=5, help="of which the median counts (default: 5)")
    given = options.parse_args(arguments)
    on_gpu = given.device.startswith("cuda")
    if on_gpu and not torch.cuda.is_available():
        options.error(f"--device {given.device}: torch finds no CUDA device here")
    tower, images = given.tower or ("ViT-L-14" if on_gpu else "ViT-S-32"), given.batch or (FULL_BATCH if on_gpu else 8)
    if images < 2 or given.rounds < 1:
        options.error("--batch must be at least 2, --rounds at least 1")
    try:
        figures = measure(tower, given.device, images, given.rounds)
    except ValueError as error:
        options.error(str(error))
    if not given.json:
        for name, value in figures.items():
            print(f"{name:>24}: {value}")
    goals = {**GOAL, "images": (reporting.AT_LEAST, float(FULL_BATCH))} if on_gpu else GOAL
    reporting.report("rclip_step", figures, {} if tower == "tiny" else goals)


if __name__ == "__main__":
    main()
