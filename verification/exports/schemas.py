"""The JSON Schema of each kind's records."""

from pathlib import Path

from verification.exports import captions, questions, regions, tags
from verification.models.exports import ExportKind

SCHEMA_OF = {
    ExportKind.TAGS: tags.SCHEMA,
    ExportKind.REGIONS: regions.SCHEMA,
    ExportKind.QA: questions.SCHEMA,
    ExportKind.CAPTIONS: captions.SCHEMA,
}

_FOLDER = Path(__file__).parent / "schema"


def schema_file(version: str) -> Path | None:
    """The file of a schema version (`tags-1`), None when there is no such version."""
    known = {path.stem: path for path in _FOLDER.glob("*.json")}
    return known.get(version)
