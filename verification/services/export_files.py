"""Writing an export: a snapshot of the database, streamed to lines of JSONL."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
from django.conf import settings

from verification.exports.lines import encode_line
from verification.exports.records import Record
from verification.exports.regions import region_record
from verification.exports.schemas import SCHEMA_OF
from verification.exports.tags import tag_record
from verification.models import ExportKind
from verification.selectors.concept_names import ConceptNames
from verification.selectors.descriptions import descriptions_of
from verification.selectors.snapshots import Snapshot, open_snapshot
from verification.selectors.verified_batches import RegionRow, count_items, verified_batches
from webapp.projects.models import Project

META_SUFFIX = ".meta.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write: the verified regions of a project, or those whose latest decision came in loop `loop`."""

    project: Project
    kind: ExportKind
    loop: int | None = None

    @property
    def filters(self) -> dict[str, int]:
        return {} if self.loop is None else {"loop": self.loop}


@dataclass(frozen=True, slots=True)
class Progress:
    """Items of samples gone through so far, of how many, and lines written."""

    items_done: int
    items_total: int
    lines: int


@dataclass(frozen=True, slots=True)
class Written:
    """What an export holds: lines, of them regions with no right tag, and the moment it shows."""

    lines: int
    without_tag: int
    taken_at: datetime


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def write_lines(wanted: Wanted, sink: Sink, report: Callable[[Progress], None]) -> Written:
    """Write the export to `sink`; memory does not grow with it. `report` is called after each batch.

    Everything comes from one snapshot, whatever is written to the database meanwhile. What `report` raises ends it.
    """
    lines = without_tag = items = 0
    with open_snapshot() as snapshot:
        names = ConceptNames(snapshot.cursor)
        total = count_items(snapshot, project_id=wanted.project.pk)
        report(Progress(0, total, 0))
        # Closed at once when `report` raises: nothing reads ahead any more when the snapshot ends.
        with closing(verified_batches(snapshot, names, project_id=wanted.project.pk)) as batches:
            for batch in batches:
                encoded = []
                for record in _records(wanted, batch.regions, snapshot, names):
                    encoded.append(encode_line(record))
                    without_tag += record["tag"] is None
                sink.write(b"".join(encoded))
                lines += len(encoded)
                items += batch.items
                report(Progress(items, total, lines))
        return Written(lines, without_tag, snapshot.taken_at)


def meta_of(wanted: Wanted, written: Written, *, sha256: str, size: int) -> bytes:
    """The content of the file beside an export (docs/export-format.md)."""
    meta: dict[str, Any] = {
        "schema": SCHEMA_OF[wanted.kind],
        "project": wanted.project.slug,
        "filters": wanted.filters,
        "snapshot_at": written.taken_at,
        "records": written.lines,
        "records_without_tag": written.without_tag,
        "bytes": size,
        "sha256": sha256,
        "argus_version": settings.ARGUS_VERSION,
    }
    return orjson.dumps(meta, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _records(wanted: Wanted, regions: Iterable[RegionRow], snapshot: Snapshot, names: ConceptNames) -> Iterator[Record]:
    if wanted.loop is not None:
        regions = (region for region in regions if region.decided.loop_number == wanted.loop)
    if wanted.kind is ExportKind.TAGS:
        return (tag_record(region, names) for region in regions)
    return _region_records([region for region in regions if region.decided.effective], snapshot, names)


def _region_records(regions: list[RegionRow], snapshot: Snapshot, names: ConceptNames) -> Iterator[Record]:
    effective = ((region.decided.region_id, tag) for region in regions if (tag := region.decided.effective))
    described = descriptions_of(snapshot, effective)
    return (region_record(region, names, described[region.decided.region_id]) for region in regions)
