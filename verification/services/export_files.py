"""Writing an export: a snapshot of the database, streamed to a file of any format."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from verification.exports.filters import Filters
from verification.exports.formats.registry import FORMATS, Format
from verification.exports.formats.writing import Classes, Line, Setting, Sink
from verification.exports.schemas import SCHEMA_OF
from verification.models import ExportFormat, ExportKind
from verification.selectors.concept_names import ConceptNames
from verification.selectors.export_lines import LineBatch, count_lines_of, line_batches, sieve_of
from verification.selectors.snapshots import Snapshot, open_snapshot
from verification.selectors.takedowns import last_takedown_in, taken_down_since
from verification.services.class_numbers import FilteredClasses, ProjectClasses
from webapp.core.errors import Conflict
from webapp.projects.models import Project

META_SUFFIX = ".meta.json"
LINES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write: records of one kind of a project that pass the filters, in one format."""

    project: Project
    kind: ExportKind
    format: ExportFormat = ExportFormat.JSONL
    filters: Filters = field(default_factory=Filters)
    with_photos: bool = False

    @property
    def file_format(self) -> Format:
        return FORMATS[self.format]


@dataclass(frozen=True, slots=True)
class Progress:
    """Items of samples gone through so far, of how many, and records written."""

    items_done: int
    items_total: int
    lines: int


@dataclass(frozen=True, slots=True)
class Written:
    """What an export holds: records, of them regions with no right tag, and the moment it shows.

    last_takedown: the id of the project's last takedown that it knows of, 0 when there was none.
    """

    lines: int
    without_tag: int
    taken_at: datetime
    last_takedown: int


def write_export(
    wanted: Wanted,
    sink: Sink,
    report: Callable[[Progress], None],
    *,
    holds: Callable[[list[int]], None] | None = None,
    folder: Path | None = None,
) -> Written:
    """Write the export to `sink`; memory does not grow with it. `report` is called after each batch.

    holds: told the ids of the photos of each batch, ascending. folder: where temporary files go. Everything comes from
    one snapshot, whatever is written to the database meanwhile. What `report` or `holds` raises ends it.
    """
    lines = without_tag = items = 0
    with open_snapshot() as snapshot:
        last_takedown = last_takedown_in(snapshot, project_id=wanted.project.pk)
        names = ConceptNames(snapshot.cursor)
        sieve = sieve_of(snapshot, names, wanted.filters)
        total = count_lines_of(snapshot, wanted.kind, project_id=wanted.project.pk)
        report(Progress(0, total, 0))
        writer = wanted.file_format.opens(_setting(wanted, sink, snapshot, names, folder))
        # Closed at once when `report` raises: nothing reads ahead any more when the snapshot ends.
        with closing(line_batches(snapshot, names, wanted.kind, sieve, project_id=wanted.project.pk)) as batches:
            for batch in batches:
                photos: dict[int, None] = {}
                for some in _pieces(batch, wanted.file_format):
                    writer.write(some)
                    lines += len(some)
                    without_tag += sum([line.concept_id is None for line in some])
                    photos.update(dict.fromkeys([line.image_id for line in some]))
                if holds is not None and photos:
                    holds(list(photos))
                items += batch.items
                report(Progress(items, total, lines))
        writer.finish()
        return Written(lines, without_tag, snapshot.taken_at, last_takedown)


def refuse_outdated(wanted: Wanted, written: Written) -> None:
    """Raises Conflict when something was taken down while a file was written that nobody will ask about again."""
    if taken_down_since(written.last_takedown, project_id=wanted.project.pk):
        raise Conflict(_("Something of this project was taken down while the file was written. Export it again."))


def meta_of(wanted: Wanted, written: Written, *, sha256: str, size: int) -> bytes:
    """The content of the file beside an export (docs/export-format.md)."""
    meta: dict[str, Any] = {
        "schema": SCHEMA_OF[wanted.kind],
        "format": wanted.format,
        "project": wanted.project.slug,
        "filters": wanted.filters.to_json(),
        "snapshot_at": written.taken_at,
        "records": written.lines,
        "records_without_tag": written.without_tag,
        "bytes": size,
        "sha256": sha256,
        "argus_version": settings.ARGUS_VERSION,
    }
    return orjson.dumps(meta, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _pieces(batch: LineBatch, file_format: Format) -> Iterator[list[Line]]:
    """The batch's lines, some at a time.

    Formats of boxes with one name each have no place for a region whose candidates were all rejected.
    """
    lines = batch.lines
    if file_format.needs_tag:
        lines = (line for line in lines if line.concept_id is not None)
    while some := list(islice(lines, LINES_AT_ONCE)):
        yield some


def _setting(wanted: Wanted, sink: Sink, snapshot: Snapshot, names: ConceptNames, folder: Path | None) -> Setting:
    def spool() -> IO[bytes]:
        # Without a name, so that nothing is left when the process is killed.
        return tempfile.TemporaryFile(dir=folder)

    classes: Classes = ProjectClasses(wanted.project.pk)
    if wanted.filters.concepts:
        classes = FilteredClasses(snapshot, names, wanted.filters.concepts)
    return Setting(
        sink=sink,
        kind=wanted.kind,
        schema=SCHEMA_OF[wanted.kind],
        project=wanted.project.name,
        taken_at=snapshot.taken_at,
        version=settings.ARGUS_VERSION,
        spool=spool,
        classes=classes,
        photo=_photo if wanted.with_photos else None,
    )


def _photo(line: Line) -> tuple[bytes, str] | None:
    """The bytes of a stored photo, one at a time in memory; None for one that is not kept, or is lost."""
    path = line.record["image"]["path"]
    if not path:
        return None
    try:
        with default_storage.open(path, "rb") as stream:
            return stream.read(), PurePosixPath(path).suffix
    except FileNotFoundError:
        return None
