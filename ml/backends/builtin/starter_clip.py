"""`builtin:starter-clip`: CLIP on the crop (papers V1 §3.3, loop 0), with the checkpoint that ships here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ml.backends.checkpoints import AUTO
from ml.backends.rclip.matcher import CROPS, RClipMatcher

FOLDER: Final = Path(__file__).parents[2] / "starters" / "starter-clip"


class StarterClip(RClipMatcher):
    """Matcher. It learned single centred objects of the synthetic world (ml/starters) and knows nothing else."""

    def __init__(self, folder: Path = FOLDER, /, *, view: str = CROPS, device: str = AUTO) -> None:
        super().__init__(folder, view=view, device=device)
