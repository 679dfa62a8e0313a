"""The location-aware image tokenizer (papers V1 §4.2): a feature map and boxes become soft prompt tokens."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Blip2QFormerConfig, Blip2QFormerModel

from ml.roi_align import roi_align

from .config import QFormerConfig
from .towers import Tower
from .weights import load_parameters, read_tensors

PREFIXES = ("", "qformer.", "model.qformer.")


class ImageTokenizer(nn.Module):
    """RoIAlign -> region tokens beside query tokens -> Q-Former, which looks at the whole map -> language width.

    A region gives `tokens` embeddings: its cells by row (roi_size squared), one more where the tower has a part of its
    own for regions, then the queries.
    """

    def __init__(self, config: QFormerConfig, *, tower: Tower, output_width: int, positions: bool) -> None:
        super().__init__()
        self.roi_size = config.roi_size
        self.context_pool = config.context_pool
        self.qformer = Blip2QFormerModel(Blip2QFormerConfig(**config.architecture, encoder_hidden_size=tower.width))
        width = self.qformer.config.hidden_size
        self.map_norm = nn.LayerNorm(tower.width) if positions else None
        self.region_projection = nn.Linear(tower.width, width)
        self.embedding_projection = nn.Linear(tower.region_width, width) if tower.region_width else None
        self.cells = nn.Parameter(torch.zeros(config.roi_size**2, width))
        self.queries = nn.Parameter(torch.randn(config.queries, width) * 0.02)
        self.output_projection = nn.Linear(width, output_width)
        self.tokens = config.roi_size**2 + bool(tower.region_width) + config.queries

    def forward(
        self, tower: Tower, features: Tensor, boxes: Tensor, image_index: Tensor, input_size: tuple[int, int]
    ) -> Tensor:
        """features (B, C, h, w) of `tower`; boxes (N, 4) in pixels of the input of (height, width) `input_size`;
        image_index (N,) long, the image of each box, best left on the CPU -> (N, tokens, output width)."""
        scale = (features.shape[3] / input_size[1], features.shape[2] / input_size[0])

        def aligned(map_: Tensor, index: Tensor) -> Tensor:
            return roi_align(map_, boxes, index, output_size=self.roi_size, spatial_scale=scale)

        regions = aligned(features, image_index)
        places = self._places(features)
        if places is not None:
            places = aligned(places, torch.zeros_like(image_index))
        asked = [self.region_projection(self._tokens(regions, places)) + self.cells.to(features.dtype)]
        if self.embedding_projection is not None:
            asked.append(self.embedding_projection(tower.embed(regions))[:, None])
        asked.append(self.queries.to(features.dtype).expand(len(boxes), -1, -1))
        output = self.qformer(
            query_embeds=torch.cat(asked, dim=1),
            encoder_hidden_states=self._context(features)[image_index.to(features.device)],
        ).last_hidden_state
        tokens: Tensor = self.output_projection(output)
        return tokens

    def _context(self, features: Tensor) -> Tensor:
        """(B, cells, C): what the Q-Former looks at."""
        if self.context_pool > 1:
            features = functional.avg_pool2d(features, self.context_pool, ceil_mode=True)
        return self._tokens(features, self._places(features))

    def _tokens(self, map_: Tensor, places: Tensor | None) -> Tensor:
        """(n, C, rows, columns) -> (n, cells, C), normalised and with their places where the tower knows none."""
        tokens = map_.flatten(2).transpose(1, 2)
        if self.map_norm is None or places is None:
            return tokens
        normed: Tensor = self.map_norm(tokens)
        return normed + places.flatten(2).transpose(1, 2).to(normed.dtype)

    def _places(self, features: Tensor) -> Tensor | None:
        """(1, C, rows, columns) positions for a map, or None."""
        if self.map_norm is None:
            return None
        return sine_positions(features.shape[1], features.shape[2], features.shape[3]).to(features)[None]

    def load_weights(self, source: str) -> None:
        """The Q-Former and, where it has as many, the query tokens of a BLIP-2 checkpoint. Raises WeightsError."""
        load_parameters(self.qformer, source, PREFIXES)
        for prefix in ("query_tokens", "model.query_tokens"):
            stored = read_tensors(source, prefix).get("")
            if stored is not None and stored.shape[1:] == self.queries.shape:
                with torch.no_grad():
                    self.queries.copy_(stored[0])


def sine_positions(width: int, rows: int, columns: int) -> Tensor:
    """(width, rows, columns): sines and cosines of a cell's place, from 0 to 1 in both directions, half of the
    channels for each; the same place has the same values at every resolution."""
    quarter = width // 4
    frequencies = math.pi * 2.0 ** (torch.arange(quarter) * 6.0 / quarter)
    bands = []
    for cells, across in ((rows, False), (columns, True)):
        angles = frequencies[:, None] * ((torch.arange(cells) + 0.5) / cells)
        waves = torch.cat([angles.sin(), angles.cos()])
        bands.append((waves[:, None, :] if across else waves[:, :, None]).expand(2 * quarter, rows, columns))
    positions = torch.cat(bands)
    return functional.pad(positions, (0, 0, 0, 0, 0, width - len(positions)))
