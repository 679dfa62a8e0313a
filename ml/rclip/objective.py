"""R-CLIP's training objective: its embeddings, compared by `ml.contrastive` (papers V1 appendix D.3, E.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import torch
from torch import nn

from ml.region_texts import joint_loss
from ml.training.tasks import Batch, Embeddings, LossParts

from .model import RClip

LOWEST_TEMPERATURE: Final = 0.01
"""Logits are never scaled by more than its inverse (Radford et al., 2021, section 2.5)."""


@dataclass(frozen=True)
class AlignObjective:
    """Batches are those of `RClipTask.collate`."""

    negatives_without_accepted: bool = False

    def embed(self, model: nn.Module, batch: Batch) -> Embeddings:
        """regions (N, D) and texts (U, D) of one micro-batch."""
        rclip = cast(RClip, model)
        images = batch["images"]
        pixels = rclip.preprocessing.normalised(images).to(rclip.logit_scale.dtype)
        features = rclip.encode_images(pixels)
        boxes, image_index = batch["boxes"], torch.from_numpy(batch["image_index"])
        regions = rclip.encode_regions(features, boxes, image_index, (images.shape[2], images.shape[3]))
        tokens = batch["tokens"]
        texts = rclip.encode_texts(tokens) if len(tokens) else regions.new_zeros(0, regions.shape[1])
        return {"regions": regions, "texts": texts}

    def contrast(self, model: nn.Module, embeddings: Sequence[Embeddings], batches: Sequence[Batch]) -> LossParts:
        """The loss over all micro-batches and processes. Keeps the scale within its bound, as CLIP's training does."""
        scale = cast(RClip, model).logit_scale
        with torch.no_grad():
            scale.clamp_(max=-math.log(LOWEST_TEMPERATURE))
        loss = joint_loss(
            [part["regions"] for part in embeddings],
            [part["texts"] for part in embeddings],
            [batch["related"] for batch in batches],
            scale.exp(),
            negatives_without_accepted=self.negatives_without_accepted,
        )
        names = ("image_to_text", "text_to_image", "accuracy", "scale")
        values = torch.stack([loss.image_to_text, loss.text_to_image, loss.accuracy, scale.detach().exp()]).tolist()
        return LossParts(loss.total, dict(zip(names, values, strict=True)))
