"""Writing an export: a snapshot of the database, streamed to lines of JSONL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
from django.conf import settings

from verification.exports.lines import encode_lines
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
        for batch in verified_batches(snapshot, names, project_id=wanted.project.pk):
            regions = [
                region for region in batch.regions if wanted.loop is None or region.decided.loop_number == wanted.loop
            ]
            records = list(_records(wanted.kind, regions, snapshot, names))
            sink.write(encode_lines(records))
            lines += len(records)
            without_tag += sum(record["tag"] is None for record in records)
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


def _records(
    kind: ExportKind, regions: list[RegionRow], snapshot: Snapshot, names: ConceptNames
) -> Iterator[Record]:
    if kind is ExportKind.TAGS:
        yield from (tag_record(region, names) for region in regions)
        return
    tagged = [(region, tag) for region in regions if (tag := region.decided.effective) is not None]
    described = descriptions_of(snapshot, ((region.row.region_id, tag) for region, tag in tagged))
    for region, _tag in tagged:
        record = region_record(region, names, described[region.row.region_id])
        if record is not None:
            yield record
