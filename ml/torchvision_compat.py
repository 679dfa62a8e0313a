"""Import this before anything that imports torchvision: open_clip, timm, transformers.

PyPI's torchvision is linked against CUDA. Beside a CPU build of torch its native library cannot load, and
`import torchvision` then fails on operators that do not exist. Only in that case this module declares the missing
names, so that the import succeeds; calling them raises. RoIAlign is in `ml.roi_align`, which needs neither.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

import torch


def native_library_loads() -> bool:
    """Whether torchvision's operators can be had here; False where torchvision is not installed."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return False
    for path in sorted(Path(found.origin).parent.glob("_C.*")):
        try:
            torch.ops.load_library(path)
        except OSError:
            return False
        return True
    return False


def declare_missing_operators() -> torch.library.Library:
    """Declares `torchvision::nms` and `torchvision::qnms` where they are missing; keep the result alive."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


NATIVE: Final = native_library_loads()
"""Whether torchvision's own operators (RoIAlign among them) run here."""

_DECLARED: Final = None if NATIVE else declare_missing_operators()
