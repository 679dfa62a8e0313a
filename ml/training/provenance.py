"""Where a checkpoint comes from: data, code, parent, libraries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from ml.data.surveys import Survey

_LIBRARIES: Final = ("torch", "numpy", "pillow", "safetensors", "open_clip_torch", "timm", "transformers", "peft")


def file_digest(path: Path) -> str:
    """SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def code_version() -> dict[str, str]:
    """The package's version and a digest of the sources in `ml/`, which tells apart what a version number does not."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0{file_digest(path)}\n".encode())
    return {"argus": _version("argus-data-engine"), "sources_sha256": digest.hexdigest()}


def library_versions() -> dict[str, str]:
    return {name: _version(name) for name in _LIBRARIES}


def parent_of(checkpoint: Path | None) -> dict[str, str] | None:
    """What names the checkpoint that a run starts from."""
    if checkpoint is None:
        return None
    return {"folder": checkpoint.name, "weights_sha256": file_digest(checkpoint / "model.safetensors")}


def manifests_of(survey: Survey) -> list[dict[str, Any]]:
    return [
        {"name": file.path.name, "sha256": file.sha256, "bytes": file.size, "lines": file.lines}
        for file in survey.files
    ]


def provenance(identity: Mapping[str, Any], *, step: int, steps: int) -> dict[str, Any]:
    """The contents of `provenance.json`. `identity`: what two runs must share to be one (`ml.training.runs`)."""
    return {"step": step, "steps": steps, **identity, "code": code_version(), "libraries": library_versions()}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
