"""What share of a device's matrix rate a training step reaches: its operations, counted, over the time they took.

Operations are those of matrix products, convolutions and attention in forward and backward, as torch's flop counter
sees them run (2 per multiply-add); nothing is recomputed, so none counts twice. The step is the trainer's: the family's
task makes the batch, `ml.training.gradients` the gradient under bfloat16 autocast, AdamW applies it. Batches stay on
the device: reading and decoding photos is not measured.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.optim import AdamW
from torch.utils.flop_counter import FlopCounterMode

from ml.data.batches import MicroBatch
from ml.data.manifests import record_of
from ml.training.gradients import Pass, contrastive_backward, separable_backward
from ml.training.tasks import Batch, ContrastiveObjective, TrainingTask

LAYERS: Final = ("ResidualAttentionBlock", "CLIPEncoderLayer", "Blip2QFormerLayer", "LlamaDecoderLayer")
"""Classes whose instances `--compile` compiles, each on its own."""


@dataclass
class Step:
    """One training step of a family on one batch of one kind, as often as asked."""

    task: TrainingTask
    model: nn.Module
    kind: str
    batch: Batch
    optimizer: AdamW
    device: torch.device

    def __call__(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.backward()
        self.optimizer.step()

    def backward(self) -> None:
        objective = self.task.objectives[self.kind]
        way = Pass(lambda _: None, lambda: torch.autocast(self.device.type, torch.bfloat16))
        if isinstance(objective, ContrastiveObjective):
            contrastive_backward(objective, self.model, [self.batch], way)
        else:
            size = objective.size(self.batch)
            separable_backward(objective, self.model, [self.batch], way, size=size, scale=1.0)


def rclip_step(tower: str, device: torch.device, *, images: int) -> Step:
    """The step of bench.rclip_step: 8 regions an image, as many different tags as images.

    tower: a name of open_clip, with random weights, or "tiny".
    """
    from bench.rclip_step import make_batch, make_model
    from ml.rclip.training import RClipTask

    with _made_on(device):
        model = make_model(tower)
    task = RClipTask.for_model(model, {})
    return _step(task, model, "align", make_batch(model, task, images), device)


def asm_step(size: str, device: torch.device, *, images: int) -> Step:
    """`images` photos, one region and one question with its answer each; adapters and Q-Former learn.

    size: "base" is CLIP's ViT-L/14 and a Llama of 1.1B with random weights in bfloat16, "tiny" a CPU's.
    """
    from bench.asm_generate import LLAMA_1B
    from ml.asm.building import build_asm
    from ml.asm.config import ASMConfig
    from ml.asm.training import ASMTask

    config = ASMConfig.tiny(None)
    if size == "base":
        base = ASMConfig.base()
        language = replace(base.language, architecture=LLAMA_1B, weights=None, tokenizer=None)
        config = replace(base, tower=replace(base.tower, weights=None), language=language, stores_base=True)
    with _made_on(device):
        model = build_asm(config)
    height, width = config.tower.image_size
    random = np.random.default_rng(0)
    turns = [
        {"role": "user", "content": "What is this, and what is beside it?"},
        {"role": "assistant", "content": "A red kettle with a wooden handle, on a stove beside two cups."},
    ]
    task = ASMTask.for_model(model, {})
    samples = []
    for _ in range(images):
        corner, ends = random.uniform(0, 0.5, 2), random.uniform(0.6, 1, 2)
        box = (np.hstack([corner, ends]) * [width, height, width, height]).tolist()
        place = {"task": "generate", "image": "made up", "width": width, "height": height}
        pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        record = record_of({**place, "boxes": [box], "messages": turns})
        samples.append(task.transform(record, Image.fromarray(pixels), random))
    return _step(task, model, "generate", task.collate("generate", samples), device)


def _step(task: TrainingTask, model: nn.Module, kind: str, batch: Batch, device: torch.device) -> Step:
    moved = MicroBatch(kind, batch, (), batch["counts"]["images"], ()).to(device).batch
    learning = [parameter for _, parameter in task.trainable(model.to(device).train().requires_grad_(False))]
    for parameter in learning:
        parameter.requires_grad_(True)
    return Step(task, model, kind, moved or {}, AdamW(learning, lr=1e-6, weight_decay=0.0), device)


def _made_on(device: torch.device) -> Any:
    """Random weights of a billion parameters are made where that is fast."""
    return torch.device(device) if device.type == "cuda" else nullcontext()


def operations(step: Step) -> int:
    """Of one forward and backward."""
    with FlopCounterMode(display=False) as counter:
        step.backward()
    step.optimizer.zero_grad(set_to_none=True)
    return int(counter.get_total_flops())


def compile_layers(model: nn.Module) -> int:
    """How many layers were compiled, in place."""
    layers = [module for module in model.modules() if type(module).__name__ in LAYERS]
    for layer in layers:
        layer.compile()
    return len(layers)


def matrix_rate(device: torch.device, sides: tuple[int, ...], rounds: int) -> float:
    """Operations per second of the best of these square bfloat16 products, of random values; median of `rounds`."""
    best = 0.0
    for side in sides:
        first, second = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
        out = torch.empty_like(first)

        def product(a: torch.Tensor = first, b: torch.Tensor = second, out: torch.Tensor = out) -> None:
            torch.mm(a, b, out=out)

        best = max(best, 2.0 * side**3 / median_seconds(product, device, rounds))
    return best


def median_seconds(run: Callable[[], object], device: torch.device, rounds: int) -> float:
    """After two rounds that do not count."""
    taken = []
    for number in range(rounds + 2):
        _wait(device)
        start = time.perf_counter()
        run()
        _wait(device)
        if number >= 2:
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(step: Step, *, rounds: int, compiled: bool) -> dict[str, Any]:
    """Median of `rounds` steps. The share is the operations per second over those of `matrix_rate`."""
    counted = operations(step)
    layers = compile_layers(step.model) if compiled else 0
    if step.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = median_seconds(step, step.device, rounds)
    counts: dict[str, int] = step.batch["counts"]
    return {
        "tera_operations_per_s": float(f"{counted / seconds / 1e12:.4g}"),
        "tera_operations_per_step": float(f"{counted / 1e12:.4g}"),
        "ms_per_step": round(seconds * 1e3, 1),
        "images_per_s": round(counts["images"] / seconds, 1),
        "parameters_that_learn": sum(p.numel() for p in step.model.parameters() if p.requires_grad),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1) if step.device.type == "cuda" else None,
        "compiled_layers": layers,
        **counts,
    }


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
