"""Takedowns: their pages, what one would touch, and what exports must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models import Image
from verification.models import Export, ExportKind, ExportState, SampleItem, Takedown, TrainingManifest, Wording
from verification.selectors.snapshots import Snapshot
from webapp.accounts.models import User
from webapp.core.errors import NotFound
from webapp.projects.models import Project

PAGE = 30

_LAST = "SELECT coalesce(max(id), 0) FROM verification_takedown WHERE project_id = %(project_id)s"
# The first batch that ends at the photo or behind it is the only one that can hold it.
_FILES = """
SELECT DISTINCT file.id FROM __table__ file
CROSS JOIN unnest(%(images)s::bigint[]) wanted (id)
LEFT JOIN LATERAL (
    SELECT photos.image_ids FROM verification_exportedphotos photos
    WHERE photos.__column__ = file.id AND photos.last_image_id >= wanted.id
    ORDER BY photos.last_image_id LIMIT 1
) batch ON true
WHERE file.project_id = %(project)s AND __if__
  AND (wanted.id = ANY (batch.image_ids)
       -- written before Argus kept account of it
       OR file.__rows__ > 0
          AND NOT EXISTS (SELECT 1 FROM verification_exportedphotos photos WHERE photos.__column__ = file.id))
"""

# Photos about which words of a person can have left: written answers and tags do, notes and comments do not.
_WRITTEN_ABOUT = """
SELECT item.image_id, bool_or(wording.kind = 'right_tag')
FROM verification_wording wording
LEFT JOIN verification_ruling ruling ON ruling.id = wording.ruling_id
LEFT JOIN verification_packageitem packed ON packed.id = ruling.package_item_id
LEFT JOIN verification_verdict verdict ON verdict.id = wording.verdict_id
JOIN verification_sampleitem item ON item.id = coalesce(verdict.item_id, packed.item_id)
JOIN verification_sample sample ON sample.id = item.sample_id AND sample.project_id = %(project)s
WHERE wording.writer_id = %(writer)s AND wording.created_at <= %(until)s AND wording.kind IN ('correction', 'right_tag')
GROUP BY item.image_id ORDER BY item.image_id
"""


@dataclass(frozen=True, slots=True)
class TakedownPage:
    """Takedowns, newest first; `older` is the id to continue after, None on the last page."""

    takedowns: Sequence[Takedown]
    older: int | None


@dataclass(frozen=True, slots=True)
class Touched:
    """What a takedown would touch now. image: None when the project does not have the photo."""

    image: Image | None
    items: int
    texts: int
    exports: list[Export]
    manifests: list[TrainingManifest]
    checkpoints: list[dict[str, str]]


def last_takedown_in(snapshot: Snapshot, *, project_id: int) -> int:
    """The id of the project's latest takedown that the snapshot shows, 0 when there is none."""
    snapshot.cursor.execute(_LAST, {"project_id": project_id})
    ((last,),) = snapshot.cursor.fetchall()
    return int(str(last))


def taken_down_since(takedown_id: int, *, project_id: int) -> bool:
    """Whether anything was taken down after that. Those of a project come one after the other."""
    return Takedown.objects.filter(project_id=project_id, pk__gt=takedown_id).exists()


def takedown_page(*, project: Project, before: int | None = None) -> TakedownPage:
    """The newest takedowns of a project, or those before the one with id `before`."""
    found = Takedown.objects.filter(project=project).select_related("created_by", "writer").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found[: PAGE + 1])
    return TakedownPage(page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None)


def takedown_of(*, project: Project, takedown_id: int) -> Takedown:
    """Raises NotFound, also for one of another project."""
    found = Takedown.objects.filter(project=project, pk=takedown_id).select_related("created_by", "writer").first()
    if found is None:
        raise NotFound(_("There is no such takedown in this project."))
    return found


def photo_of(*, project_id: int, image_id: int | None, sha256: str) -> Image | None:
    """The photo with this id, or else with this digest; also one that was taken down already."""
    photos = Image.objects.filter(project_id=project_id)
    if image_id is not None:
        return photos.filter(pk=image_id).first()
    return photos.filter(sha256=sha256.strip().lower()).first()


def photo_touches(*, project: Project, image_id: int | None, sha256: str) -> Touched:
    """What a takedown of the photo would touch."""
    image = photo_of(project_id=project.pk, image_id=image_id, sha256=sha256)
    if image is None:
        return Touched(None, 0, 0, [], [], [])
    items = SampleItem.objects.filter(image=image).exclude(state="removed").count()
    texts = Wording.objects.filter(erased_at=None, verdict__item__image=image).count()
    return _touched(image, items, texts, [image.pk], project, None)


def words_would_touch(*, project: Project, writer: User) -> Touched:
    """What a takedown of a person's words would touch now."""
    texts = Wording.objects.filter(erased_at=None, writer=writer, verdict__item__sample__project=project).count()
    images, with_tags = written_about(project_id=project.pk, writer_id=writer.pk, until=timezone.now())
    return _touched(None, 0, texts, images, project, words_leave_in(with_tags=with_tags))


def written_about(*, project_id: int, writer_id: int, until: datetime) -> tuple[list[int], bool]:
    """Photos about which a person's words may stand in exports, and whether tags are among these words."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN_ABOUT, {"project": project_id, "writer": writer_id, "until": until})
        rows = cursor.fetchall()
    return [row[0] for row in rows], any(row[1] for row in rows)


def words_leave_in(*, with_tags: bool) -> tuple[ExportKind, ...]:
    """Kinds of exports that hold what people write: answers, and tags where somebody wrote one."""
    return tuple(ExportKind) if with_tags else (ExportKind.QA, ExportKind.REGIONS, ExportKind.CAPTIONS)


def exports_with(
    image_ids: Sequence[int], *, project_id: int, kinds: Iterable[ExportKind] | None = None
) -> list[Export]:
    """Finished exports of the project that hold one of the photos, withdrawn ones too."""
    condition = "file.state IN ('done', 'withdrawn') AND file.kind = ANY(%(kinds)s::text[])"
    numbers = _files("verification_export", "export_id", "rows_done", condition, image_ids, project_id, kinds)
    return list(Export.objects.filter(pk__in=numbers).order_by("pk"))


def manifests_with(image_ids: Sequence[int], *, project_id: int) -> list[TrainingManifest]:
    """Manifests of the project that hold one of the photos."""
    numbers = _files("verification_trainingmanifest", "manifest_id", "records", "true", image_ids, project_id, None)
    return list(TrainingManifest.objects.filter(pk__in=numbers).order_by("pk"))


def checkpoints_from(digests: Iterable[str]) -> list[dict[str, str]]:
    """Checkpoints in ARGUS_MODELS_DIR that learned from a manifest with one of the digests, or grew out of such a one.

    `provenance.json` names a checkpoint's manifests, and its parent by the name of its folder. One without it says
    nothing of where it comes from, and is not listed.
    """
    wanted = set(digests)
    if not wanted:
        return []
    known = {path.parent.name: _provenance(path) for path in Path(settings.ARGUS_MODELS_DIR).glob("*/provenance.json")}
    marked: dict[str, str] = {}
    for name, facts in known.items():
        learned = [entry.get("sha256") for entry in facts.get("manifests", []) if isinstance(entry, dict)]
        if found := wanted.intersection(learned):
            marked[name] = min(found)
    grown = True
    while grown:
        grown = False
        for name, facts in known.items():
            parent = (facts.get("parent") or {}).get("folder")
            if name not in marked and parent in marked:
                marked[name], grown = marked[parent], True
    return [{"name": name, "manifest": digest} for name, digest in sorted(marked.items())]


def _touched(
    image: Image | None,
    items: int,
    texts: int,
    image_ids: Sequence[int],
    project: Project,
    kinds: Iterable[ExportKind] | None,
) -> Touched:
    exports = exports_with(image_ids, project_id=project.pk, kinds=kinds)
    manifests = manifests_with(image_ids, project_id=project.pk)
    return Touched(
        image,
        items,
        texts,
        [export for export in exports if export.state == ExportState.DONE],
        manifests,
        checkpoints_from(manifest.sha256 for manifest in manifests),
    )


def _files(
    table: str,
    column: str,
    rows: str,
    condition: str,
    image_ids: Sequence[int],
    project_id: int,
    kinds: Iterable[ExportKind] | None,
) -> list[int]:
    statement = (
        _FILES.replace("__table__", table)
        .replace("__column__", column)
        .replace("__rows__", rows)
        .replace("__if__", condition)
    )
    values: dict[str, Any] = {"images": list(image_ids), "project": project_id, "kinds": list(kinds or ExportKind)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _provenance(path: Path) -> dict[str, Any]:
    try:
        facts = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return facts if isinstance(facts, dict) else {}
