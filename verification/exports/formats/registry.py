"""Every format by name: what its file is called, which kinds it can hold, who writes it.

To add a format, add a line here and to `ExportFormat` (verification/models/exports.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from verification.exports.formats import as_core, coco, huggingface, jsonl, parquet, yolo
from verification.exports.formats.writing import Setting, Writer
from verification.models.exports import ExportFormat, ExportKind

_ALL_KINDS = frozenset(ExportKind)
_BOXES = frozenset({ExportKind.TAGS})
_TEXTS = frozenset({ExportKind.QA, ExportKind.CAPTIONS})
LINES, BINARY, ZIP = "application/x-ndjson; charset=utf-8", "application/octet-stream", "application/zip"


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    opens: starts a file; kinds: which records it can hold; needs_tag: whether a region must have a right tag;
    holds_photos: whether it can hold the photos themselves; needs: a package beyond what the web process has.
    """

    name: ExportFormat
    suffix: str
    content_type: str
    opens: Callable[[Setting], Writer]
    kinds: frozenset[ExportKind] = _ALL_KINDS
    needs_tag: bool = False
    holds_photos: bool = False
    needs: str = ""

    @property
    def is_installed(self) -> bool:
        return not self.needs or find_spec(self.needs) is not None


_ALL = (
    Format(ExportFormat.JSONL, ".jsonl", LINES, jsonl.JsonLines),
    Format(ExportFormat.PARQUET, ".parquet", BINARY, parquet.ParquetFile, needs="pyarrow"),
    Format(ExportFormat.COCO, ".coco.json", "application/json", coco.CocoFile, _BOXES, needs_tag=True),
    Format(ExportFormat.YOLO, ".yolo.zip", ZIP, yolo.YoloFolder, _BOXES, needs_tag=True, holds_photos=True),
    Format(ExportFormat.HUGGINGFACE, ".dataset.zip", ZIP, huggingface.HuggingFaceFolder, needs="pyarrow"),
    Format(ExportFormat.AS_CORE, ".as-core.jsonl", LINES, as_core.AsCoreLines, _TEXTS),
)
FORMATS: dict[ExportFormat, Format] = {one.name: one for one in _ALL}
