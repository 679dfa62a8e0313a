"""Teaching an ASM to answer: conversations about boxes on pictures that are in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from torch.optim import AdamW

from ml.asm.model import ASM
from ml.asm.prompts import Row, padded
from ml.training.schedules import learning_rate

from .relations import Box

Turns = tuple[tuple[str, str], ...]
"""Questions with their answers."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """picture: its place; box: (x1, y1, x2, y2) in pixels of the network's input."""

    picture: int
    box: Box
    turns: Turns


def fit_conversations(
    model: ASM,
    pictures: npt.NDArray[np.uint8],
    conversations: Sequence[Conversation],
    *,
    steps: int,
    rate: float,
    seed: int,
    device: str = "cpu",
    images: int = 8,
    rows: int = 6,
) -> Iterator[float]:
    """Trains `model` in place; yields the loss of each step. pictures: (I, H, W, 3), as large as the input.

    images, rows: pictures in a step, and conversations about each.
    """
    of_picture: dict[int, list[int]] = {}
    for number, conversation in enumerate(conversations):
        of_picture.setdefault(conversation.picture, []).append(number)
    written = [model.prompts.conversation(conversation.turns) for conversation in conversations]
    random = np.random.default_rng([seed, 43])
    places = _forever(sorted(of_picture), random)
    optimizer = AdamW(model.parameters(), lr=0.0, weight_decay=0.0)
    model.to(device).train()
    for step in range(steps):
        chosen = [next(places) for _ in range(images)]
        items = [random.permutation(of_picture[picture])[:rows].tolist() for picture in chosen]
        index = torch.from_numpy(np.repeat(np.arange(images), [len(own) for own in items]))
        flat = [number for own in items for number in own]
        boxes = torch.tensor([conversations[number].box for number in flat])
        loss = _loss(model, pictures[chosen], boxes, index, [written[number] for number in flat], device)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps=steps, peak=rate, warmup=max(1, steps // 10))
        optimizer.step()
        yield loss.item()
    model.eval()


def _loss(
    model: ASM,
    pictures: npt.NDArray[np.uint8],
    boxes: torch.Tensor,
    index: torch.Tensor,
    written: Sequence[Row],
    device: str,
) -> torch.Tensor:
    """Mean cross-entropy of the answers' tokens."""
    tower = model.config.tower
    images = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (tower.mean, tower.std))
    rows = padded(written).to(device)
    with torch.autocast(device, torch.bfloat16):
        features = model.encode_images((images - mean) / std)
        tokens = model.encode_regions(features, boxes.float().to(device), index, tower.image_size)
        logits = model.answer_logits(rows, tokens)
    return functional.cross_entropy(logits.float(), rows.codes[:, 1:][rows.learned[:, 1:]])


def _forever(places: Sequence[int], random: np.random.Generator) -> Iterator[int]:
    while True:
        yield from random.permutation(np.array(places)).tolist()
