"""The starter CLIP: an image-level CLIP of single centred things, a few minutes of training on two cores."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor
from torch.optim import AdamW

from ml.checkpoint import save_model
from ml.contrastive import Targets, region_text_loss
from ml.rclip.config import RClipConfig
from ml.rclip.model import RClip, build_rclip
from ml.rclip.texts import train_tokenizer
from ml.training.provenance import code_version, library_versions
from ml.training.schedules import learning_rate

from .concepts import CONCEPTS
from .singles import Singles

STEPS: Final = 3000
BATCH: Final = 128
COPIES: Final = 16
PEAK_RATE: Final = 2e-3
SIDE: Final = 64
"""Side of the input, px: a thing of about 100 px in a scene that is read at half its size."""

VOCABULARY: Final = 2048
_HIGHEST_SCALE: Final = math.log(100)


def config(tokenizer: Path) -> RClipConfig:
    """3.7 M parameters: half a residual network on the image (stride 8), half on the 8 x 8 grid of each region."""
    tiny = RClipConfig.tiny(str(tokenizer), vocabulary=VOCABULARY)
    tower = cast(dict[str, Any], tiny.tower)
    vision = {**tower["vision_cfg"], "width": 24}
    text = {**tower["text_cfg"], "context_length": 8}
    return replace(
        tiny, tower={**tower, "vision_cfg": vision, "text_cfg": text}, image_size=(SIDE, SIDE), roi_size=8, stage=2
    )


def tag_texts() -> list[str]:
    """Everything that a thing of the world is called."""
    return sorted({name for concept in CONCEPTS for name in concept.true_names})


def channels_last(model: RClip) -> RClip:
    """The model with its convolutions in the layout that processors are fastest in."""
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # not in its stub


def train(out: Path, *, steps: int, seed: int, copies: int = COPIES) -> RClip:
    """Trains and writes the checkpoint (half precision; it loads in float32). Progress goes to stderr."""
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer.json"
        train_tokenizer(tag_texts(), VOCABULARY).save(str(tokenizer))
        model = build_rclip(config(tokenizer))
    channels_last(model)
    singles = Singles.render(copies, seed)
    generator = torch.Generator().manual_seed(seed)
    optimizer = AdamW(model.parameters(), lr=0.0, weight_decay=0.0)
    started, smooth = time.perf_counter(), 0.0
    model.train()
    for step in range(steps):
        loss = _loss(model, *singles.batch(BATCH, SIDE, generator))
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps=steps, peak=PEAK_RATE, warmup=steps // 10)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=_HIGHEST_SCALE)
        smooth += (loss.item() - smooth) / min(step + 1, 50)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}/{steps} loss {smooth:.3f} {time.perf_counter() - started:.0f} s", file=sys.stderr)
    seconds = time.perf_counter() - started
    told = {"command": f"python -m bench.world.starters clip --steps {steps} --seed {seed}", "seconds": round(seconds)}
    facts = {"singles": singles.pictures.shape[0] * copies, "batch": BATCH, "peak_rate": PEAK_RATE, "loss": smooth}
    versions = {"code": code_version(), "libraries": library_versions()}
    save_model(out, model.half(), {**told, **facts, **versions, "step": steps, "steps": steps, "parent": None})
    return model.float().eval()


def _loss(model: RClip, images: Tensor, concepts: Tensor) -> Tensor:
    """CLIP's loss of a batch in which a name may come several times."""
    preprocessing = model.preprocessing
    mean, std = (torch.tensor(values)[:, None, None] for values in (preprocessing.mean, preprocessing.std))
    pixels = ((images - mean) / std).contiguous(memory_format=torch.channels_last)
    count, side = len(images), float(images.shape[-1])
    present, positive = np.unique(concepts.numpy(), return_inverse=True)
    none = np.zeros((0, 2), np.int64)
    targets = Targets(len(present), positive.astype(np.int64), none, none, np.ones(count))
    with torch.autocast("cpu", torch.bfloat16):
        boxes = torch.tensor([[0.0, 0.0, side, side]]).expand(count, 4)
        size = (images.shape[-2], images.shape[-1])
        regions = model.encode_regions(model.encode_images(pixels), boxes, torch.arange(count), size)
        texts = model.encode_texts(model.tokenize([CONCEPTS[number].name for number in present]))
    return region_text_loss(regions, texts, model.logit_scale.exp(), targets).total
