"""`builtin:starter-asm`: answers and captions in the synthetic world's language; its checkpoint ships here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ml.backends.asm.responder import ASMResponder
from ml.backends.asm.writer import ASMWriter
from ml.backends.checkpoints import AUTO

FOLDER: Final = Path(__file__).parents[2] / "starters" / "starter-asm"


class StarterResponder(ASMResponder):
    """Responder. It knows the scenes of the synthetic world (ml/starters) and nothing else."""

    def __init__(self, folder: Path = FOLDER, /, *, device: str = AUTO) -> None:
        super().__init__(folder, device=device)


class StarterWriter(ASMWriter):
    """Writer; see StarterResponder."""

    def __init__(self, folder: Path = FOLDER, /, *, device: str = AUTO) -> None:
        super().__init__(folder, device=device)
