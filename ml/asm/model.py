"""The All-Seeing Model: tower, location-aware image tokenizer, language model (papers V1 §4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ASMConfig
from .image_tokenizer import ImageTokenizer
from .prompts import PromptWriter, Rows, Slot, padded
from .text_tokenizer import TextTokenizer

TaskName = Literal["generate", "align"]

START_SCALE: Final = math.log(1 / 0.07)
MAX_SCALE: Final = math.log(100.0)
"""Logarithms, as in CLIP."""


class ASM(nn.Module):
    """One language model reads task prompts, image tokens and words; it goes on in words, or its hidden state at
    `<align>` is the embedding of a region or a text. N regions, T texts, K image tokens a region, E `embedding`."""

    def __init__(
        self,
        config: ASMConfig,
        *,
        tower: nn.Module,
        image_tokenizer: ImageTokenizer,
        llm: Any,
        tokenizer: TextTokenizer,
    ) -> None:
        super().__init__()
        self.config = config
        self.tower = tower
        self.image_tokenizer = image_tokenizer
        self.llm = llm
        width: int = llm.config.get_text_config().hidden_size
        self.task_prompts = nn.ParameterDict(
            {
                task: nn.Parameter(torch.randn(config.prompts.task_tokens, width) * 0.02)
                for task in ("generate", "align")
            }
        )
        self.align_token = nn.Parameter(torch.randn(width) * 0.02)
        self.align_projection = nn.Linear(width, config.embedding, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(START_SCALE))
        self.tokenizer = tokenizer
        self.context: int = min(config.prompts.max_tokens, llm.config.get_text_config().max_position_embeddings)
        self.prompts = PromptWriter(tokenizer, config.prompts, image_tokens=image_tokenizer.tokens, limit=self.context)

    @property
    def device(self) -> torch.device:
        return self.align_token.device

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied with; at most 100, as in CLIP."""
        return self.logit_scale.clamp(max=MAX_SCALE).exp()

    def encode_images(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised -> feature map (B, C, h, w)."""
        features: Tensor = self.tower(images)
        return features

    def encode_regions(
        self, features: Tensor, boxes: Tensor, image_index: Tensor, input_size: tuple[int, int]
    ) -> Tensor:
        """Feature map (B, C, h, w); boxes (N, 4) in pixels of the input of (height, width) `input_size`;
        image_index (N,), best left on the CPU -> image tokens (N, K, language width)."""
        tokens: Tensor = self.image_tokenizer(self.tower, features, boxes, image_index, input_size)
        return tokens

    def embed_regions(self, image_tokens: Tensor) -> Tensor:
        """(N, K, width) -> (N, E) float32 of length 1: prompt #2."""
        rows = padded([self.prompts.region()] * len(image_tokens)).to(self.device)
        return self._aligned(rows, image_tokens)

    def embed_texts(self, tags: Sequence[str]) -> Tensor:
        """Tags -> (T, E) float32 of length 1: prompt #3."""
        if not tags:
            return torch.zeros(0, self.config.embedding, device=self.device)
        return self.embed_text_rows(padded([self.prompts.tag(tag) for tag in tags]).to(self.device))

    def embed_text_rows(self, rows: Rows) -> Tensor:
        """Rows of `prompts.tag` -> (T, E) float32 of length 1."""
        return self._aligned(rows, None)

    def embed_rows(self, rows: Rows, image_tokens: Tensor | None, task: TaskName) -> Tensor:
        """What the language model reads, (n, L, width). `image_tokens` (N, K, width) fill the IMAGE slots in order."""
        table = self.llm.get_input_embeddings()
        words: Tensor = table(rows.codes.clamp(min=0))
        prompt = self.task_prompts[task].to(words.dtype)
        words = _filled(words, rows.codes == Slot.TASK, prompt.repeat(len(rows.codes), 1))
        words = torch.where((rows.codes == Slot.ALIGN)[..., None], self.align_token.to(words.dtype), words)
        if image_tokens is not None:
            words = _filled(words, rows.codes == Slot.IMAGE, image_tokens.to(words.dtype).flatten(0, 1))
        return words

    def hidden(self, rows: Rows, image_tokens: Tensor | None, task: TaskName) -> Tensor:
        """The language model's last hidden states, (n, L, width)."""
        states: Tensor = self.llm.base_model(
            inputs_embeds=self.embed_rows(rows, image_tokens, task),
            attention_mask=rows.present.long(),
            use_cache=False,
        ).last_hidden_state
        return states

    def answer_logits(self, rows: Rows, image_tokens: Tensor) -> Tensor:
        """For every learned token of `rows` (A of them, row by row) the logits (A, vocabulary) that should name it."""
        states = self.hidden(rows, image_tokens, "generate")
        logits: Tensor = self.llm.get_output_embeddings()(states[:, :-1][rows.learned[:, 1:]])
        return logits

    def _aligned(self, rows: Rows, image_tokens: Tensor | None) -> Tensor:
        states = self.hidden(rows, image_tokens, "align")
        gathered = states[rows.codes == Slot.ALIGN]
        return functional.normalize(
            self.align_projection(gathered.to(self.align_projection.weight.dtype)).float(), dim=-1
        )

    def train(self, mode: bool = True) -> Self:
        """A tower that does not train has no dropout; batch norms keep their running statistics always, so that what
        else is in a batch changes nothing."""
        super().train(mode)
        if self.config.tower.train == "frozen":
            self.tower.eval()
        for module in self.tower.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.eval()
        return self

    def save_assets(self, folder: Path) -> None:
        """The tokenizer, for `ml.checkpoint`."""
        self.tokenizer.save(folder)

    def left_out(self) -> frozenset[str]:
        """Names of parameters that checkpoints leave out: the base weights, where the configuration says so."""
        from .building import base_names

        return frozenset() if self.config.stores_base else base_names(self)


def _filled(words: Tensor, places: Tensor, values: Tensor) -> Tensor:
    return words.masked_scatter(places[..., None].expand_as(words), values)
