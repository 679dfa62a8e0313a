"""Greedy decoding of many sequences at once, with a cache of keys and values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from .model import ASM
from .prompts import Rows


@torch.no_grad()
def generate(model: ASM, rows: Rows, image_tokens: Tensor, *, max_tokens: int) -> list[list[int]]:
    """What the language model says after each row, up to its end token (left out), `max_tokens` tokens, or the end of
    the context.

    rows: padded on the left; image_tokens (N, K, width) for their IMAGE slots. Sequences that have ended leave the
    batch as soon as they are half of it.
    """
    end = model.tokenizer.end_id
    said = torch.full((len(rows.codes), max_tokens), end, device=rows.codes.device)
    sequences = torch.arange(len(rows.codes), device=rows.codes.device)
    ended = torch.zeros_like(sequences, dtype=torch.bool)
    present = rows.present.long()
    limits = model.context - present.sum(1)
    positions = (present.cumsum(1) - 1).clamp(min=0)
    cache: Any = DynamicCache(config=model.llm.config)
    inputs: dict[str, Tensor] = {"inputs_embeds": model.embed_rows(rows, image_tokens, "generate")}
    for step in range(max_tokens):
        logits: Tensor = model.llm(
            **inputs,
            attention_mask=present,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        chosen = logits[:, -1, : model.tokenizer.vocabulary].argmax(-1).masked_fill(ended, end)
        said[sequences, step] = chosen
        ended = (chosen == end) | (limits[sequences] == step + 1)
        left = int((~ended).sum())
        if left == 0:
            break
        if left * 2 <= len(ended):
            kept = (~ended).nonzero().squeeze(1)
            cache.batch_select_indices(kept)
            sequences, ended, chosen = sequences[kept], ended[kept], chosen[kept]
            present, positions = present[kept], positions[kept]
        inputs = {"input_ids": chosen[:, None]}
        present = torch.cat([present, torch.ones_like(present[:, :1])], dim=1)
        positions = positions[:, -1:] + 1
    return [row[: row.index(end)] if end in row else row for row in said.tolist()]
