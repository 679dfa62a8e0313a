"""L_total = L_gen + L_dis (papers V1 §4.1); the trainer adds the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.region_texts import joint_loss
from ml.training.tasks import Batch, Embeddings, LossParts

from .images import normalised
from .model import ASM, MAX_SCALE
from .prompts import Rows


class GenerateObjective:
    """L_gen: the mean over the tokens of answers and their ends, each weighing what its record does."""

    def size(self, batch: Batch) -> float:
        """The weights of all learned tokens."""
        return float(batch["weights"].sum())

    def loss(self, model: nn.Module, batch: Batch) -> LossParts:
        """`batch`: of `ASMTask.collate` for "generate"."""
        asm = cast(ASM, model)
        rows = Rows(**batch["rows"])
        logits = asm.answer_logits(rows, image_tokens(asm, batch))
        targets = rows.codes[:, 1:][rows.learned[:, 1:]]
        right = (logits.detach().argmax(-1) == targets).float().mean()
        return LossParts(generation_loss(logits, targets, batch["weights"]), {"token_accuracy": float(right)})


@dataclass(frozen=True)
class AlignObjective:
    """L_dis: CLIP's loss, where each region is an image (`ml.contrastive`)."""

    negatives_without_accepted: bool = False

    def embed(self, model: nn.Module, batch: Batch) -> Embeddings:
        """regions (N, E) and texts (U, E) of `ASMTask.collate` for "align"."""
        asm = cast(ASM, model)
        regions = asm.embed_regions(image_tokens(asm, batch))
        rows = batch["rows"]
        texts = asm.embed_text_rows(Rows(**rows)) if rows else regions.new_zeros(0, regions.shape[1])
        return {"regions": regions, "texts": texts}

    def contrast(self, model: nn.Module, embeddings: Sequence[Embeddings], batches: Sequence[Batch]) -> LossParts:
        """The loss over all micro-batches and processes. Keeps the scale within its bound."""
        scale = cast(ASM, model).logit_scale
        with torch.no_grad():
            scale.clamp_(max=MAX_SCALE)
        loss = joint_loss(
            [part["regions"] for part in embeddings],
            [part["texts"] for part in embeddings],
            [batch["related"] for batch in batches],
            scale.exp(),
            negatives_without_accepted=self.negatives_without_accepted,
        )
        parts = {
            "image_to_text": float(loss.image_to_text),
            "text_to_image": float(loss.text_to_image),
            "accuracy": float(loss.accuracy),
            "scale": float(scale.detach().exp()),
        }
        return LossParts(loss.total, parts)


def generation_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean over tokens of -log p(target): logits (A, V), targets (A,) long, weights (A,) >= 0."""
    losses = functional.cross_entropy(logits.float(), targets, reduction="none")
    return (losses * weights).sum() / weights.sum()


def image_tokens(model: ASM, batch: Batch) -> Tensor:
    """(N, K, width) of all boxes of a batch."""
    tower = model.config.tower
    images = normalised(batch["images"], tower, next(model.tower.parameters()).dtype)
    index = torch.from_numpy(batch["image_index"])
    return model.encode_regions(model.encode_images(images), batch["boxes"], index, tower.image_size)
