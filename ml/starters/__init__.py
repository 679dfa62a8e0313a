"""Small checkpoints trained by this repository (`bench/world/starters.py`), for where no weights can be downloaded.

Each folder holds `model.safetensors`, `config.json`, `tokenizer.json`, `provenance.json` and `README.md`, the model
card. Their world is that of `bench.world`: they know emoji, not photos.
"""

from pathlib import Path
from typing import Final

STARTER_CLIP: Final = Path(__file__).with_name("starter-clip")
"""An image-level CLIP of single centred things; loads as an R-CLIP."""

STARTER_ASM: Final = Path(__file__).with_name("starter-asm")
"""An All-Seeing Model that answers and captions in the world's language, weakly."""
