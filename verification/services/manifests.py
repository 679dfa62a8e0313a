"""Training manifests: verified data as what `ml/` learns from, streamed from one snapshot (docs/training.md).

Regions that audits measure the models with are left out: what is measured must not be learned.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from verification.exports.filters import Filters, Sieve
from verification.exports.lines import encode_line
from verification.exports.records import Record
from verification.exports.training import align_records, generate_record, is_stored
from verification.models import ExportedPhotos, TrainingManifest
from verification.selectors.audits import AUDITED_REGIONS_SQL
from verification.selectors.concept_names import ConceptNames
from verification.selectors.export_lines import sieve_of
from verification.selectors.qa_batches import PairRow, qa_batches
from verification.selectors.snapshots import Snapshot, open_snapshot
from verification.selectors.takedowns import last_takedown_in, taken_down_since
from verification.selectors.verified_batches import RegionRow, verified_batches
from verification.services.files import PartialFile, partial_file
from webapp.core.errors import Conflict
from webapp.projects.models import Project

_AUDITED = f"SELECT region_id FROM ({AUDITED_REGIONS_SQL}) audited WHERE region_id = ANY(%(regions)s::bigint[])"  # noqa: S608


@dataclass(slots=True)
class Told:
    """What a manifest holds: lines, regions with tags, pairs; and what was left out of it, and why."""

    records: int = 0
    regions: int = 0
    pairs: int = 0
    audited: int = 0
    without_file: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    """Photos of a batch, ascending, and their records."""

    image_ids: list[int]
    records: list[Record]


def write_manifest(
    *,
    project: Project,
    target: Path,
    filters: Filters | None = None,
    report: Callable[[Told], None] = lambda _told: None,
) -> tuple[TrainingManifest, Told]:
    """Write the manifest to `target` and remember which photos it holds, so that takedowns find what learned from it.

    filters: by loop, as in exports. `report` is called after each batch. Locks the project's row at the end, for the
    moment. Raises Conflict when something was taken down meanwhile, or another process writes the file; OSError.
    """
    filters, told, photos = filters or Filters(), Told(), _Photos()
    with partial_file(target) as file:
        with open_snapshot() as snapshot:
            last_takedown = last_takedown_in(snapshot, project_id=project.pk)
            for batch in _batches(snapshot, project, filters, told):
                _write(file, batch, told)
                photos.add(batch.image_ids)
                report(told)
        file.sync()
        with transaction.atomic():
            # A takedown holds the same lock: it sees this manifest, or this manifest sees the takedown.
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            if taken_down_since(last_takedown, project_id=project.pk):
                raise Conflict(_("Something of this project was taken down meanwhile. Write the manifest again."))
            manifest = TrainingManifest.objects.create(
                project=project,
                sha256=file.sha256,
                filters=filters.to_json(),
                records=told.records,
                regions=told.regions,
            )
            ExportedPhotos.objects.bulk_create(photos.rows(manifest), batch_size=500)
            file.publish()
    return manifest, told


class _Photos:
    """Ids of the photos of a manifest: 8 bytes each. Tags come first, then pairs: the same photos again."""

    def __init__(self) -> None:
        self._ids = array("q")

    def add(self, image_ids: list[int]) -> None:
        self._ids.extend(image_ids)

    def rows(self, manifest: TrainingManifest) -> Iterator[ExportedPhotos]:
        ids = np.unique(np.frombuffer(self._ids, dtype=np.int64)) if self._ids else np.empty(0, dtype=np.int64)
        for start in range(0, len(ids), 1000):
            chunk = ids[start : start + 1000].tolist()
            yield ExportedPhotos(manifest=manifest, last_image_id=chunk[-1], image_ids=chunk)


def _write(file: PartialFile, batch: _Batch, told: Told) -> None:
    file.write(b"".join([encode_line(record) for record in batch.records]))
    told.records += len(batch.records)


def _batches(snapshot: Snapshot, project: Project, filters: Filters, told: Told) -> Iterator[_Batch]:
    names = ConceptNames(snapshot.cursor)
    sieve = sieve_of(snapshot, names, filters)
    for regions in verified_batches(snapshot, names, project_id=project.pk):
        yield _align(list(regions.regions), names, sieve, snapshot, project, told)
    for pairs in qa_batches(snapshot, names, project_id=project.pk):
        yield _generate(pairs.pairs, sieve, snapshot, project, told)


def _align(
    regions: list[RegionRow], names: ConceptNames, sieve: Sieve, snapshot: Snapshot, project: Project, told: Told
) -> _Batch:
    audited = _audited(snapshot, project, [region.decided.region_id for region in regions])
    kept = []
    for region in regions:
        if not sieve.takes_region(region.columns, region.decided):
            continue
        if region.decided.region_id in audited:
            told.audited += 1
        elif not is_stored(region.columns):
            told.without_file += 1
        else:
            kept.append(region)
    records, image_ids = [], []
    for image_id, group in groupby(kept, lambda region: region.columns.image_id):
        of_photo = align_records(list(group), names)
        records += of_photo
        told.regions += sum(len(record["boxes"]) for record in of_photo)
        image_ids.append(image_id)
    return _Batch(image_ids, records)


def _generate(pairs: list[PairRow], sieve: Sieve, snapshot: Snapshot, project: Project, told: Told) -> _Batch:
    audited = _audited(snapshot, project, [pair.region_id for pair in pairs])
    records, image_ids = [], []
    for pair in pairs:
        if not sieve.takes(pair.loop_number, pair.last_on, pair.columns) or pair.region_id in audited:
            continue
        record = generate_record(pair) if is_stored(pair.columns) else None
        if record is not None:
            records.append(record)
            image_ids.append(pair.columns.image_id)
    told.pairs += len(records)
    return _Batch(list(dict.fromkeys(image_ids)), records)


def _audited(snapshot: Snapshot, project: Project, region_ids: list[int]) -> set[int]:
    """Those of the regions that measure the models. On a cursor of its own: the snapshot's may be reading ahead."""
    with snapshot.cursor.connection.cursor(binary=True) as cursor:
        cursor.execute(_AUDITED, {"project_id": project.pk, "regions": region_ids})
        return {row[0] for row in cursor.fetchall()}
