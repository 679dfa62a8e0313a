"""Captions and their references, from COCO's JSON or from text files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.evals.inputs import InputError, field, key_field, read_json, read_records, text_field

Key = int | str


@dataclass(frozen=True)
class Captions:
    """What is compared: a caption and at least one reference for each key of `results`."""

    references: Mapping[Key, Sequence[str]]
    results: Mapping[Key, str]
    without_caption: int = 0
    without_reference: int = 0


def from_coco(references: Path, results: Path, *, only_common: bool = False) -> Captions:
    """COCO's caption annotations, and a result file of {"image_id", "caption"}.

    Images without a caption are counted, not scored, as in COCOEvalCap. A result for an image without reference is an
    InputError, or left out and counted with only_common.
    """
    known = _references(references)
    found: dict[Key, str] = {}
    for index, record in enumerate(read_records(results)):
        where = f"{results}, record {index}"
        image = key_field(record, "image_id", where)
        if image in found:
            raise InputError(f"{where}: image {image!r} has a caption already")
        found[image] = text_field(record, "caption", where)
        if image not in known and not only_common:
            raise InputError(f"{where}: image {image!r} has no reference in {references}")
    common = {image: caption for image, caption in found.items() if image in known}
    if not common:
        raise InputError(f"{results}: no image has a reference in {references}")
    return Captions(known, common, len(known) - len(common), len(found) - len(common))


def from_texts(references: Sequence[Path], results: Path) -> Captions:
    """One caption a line; line N of every reference file is a reference of caption N. Raises InputError."""
    captions = _lines(results)
    columns = [_lines(path) for path in references]
    for path, column in zip(references, columns, strict=True):
        if len(column) != len(captions):
            raise InputError(f"{path}: {len(column)} lines for the {len(captions)} captions of {results}")
    known: dict[Key, list[str]] = {number: list(row) for number, row in enumerate(zip(*columns, strict=True), start=1)}
    return Captions(known, dict(enumerate(captions, start=1)))


def _references(path: Path) -> dict[Key, list[str]]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: an object with annotations is expected")
    annotations = field(content, "annotations", str(path))
    if not isinstance(annotations, list) or not annotations:
        raise InputError(f"{path}: 'annotations' is not a list with at least one entry")
    found: dict[Key, list[str]] = {}
    identities: set[Key] = set()
    for index, annotation in enumerate(annotations):
        where = f"{path}, annotations[{index}]"
        if not isinstance(annotation, dict):
            raise InputError(f"{where}: an object is expected")
        if "id" in annotation:
            identity = key_field(annotation, "id", where)
            if identity in identities:
                raise InputError(f"{where}: id {identity!r} appears twice")
            identities.add(identity)
        found.setdefault(key_field(annotation, "image_id", where), []).append(text_field(annotation, "caption", where))
    return found


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path}: not UTF-8 text") from problem
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    if lines == [""]:
        raise InputError(f"{path}: the file is empty")
    return lines
