"""Photos that are taken down: what the automatic half knows of them is erased, and no import takes them in again.

The row of the photo stays, with its digest and size: items of samples point to it. Who asked, and what the human half
holds, is known above this app (verification/services/takedowns.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import BlacklistedPhoto, Image, StageRun, StageState

NAME = "removed"

# By the index over (project, sha256), project by project: nothing leads from a digest alone to its photos.
_STILL_THERE = """
SELECT EXISTS (
    SELECT 1 FROM projects_project project
    CROSS JOIN LATERAL (
        SELECT id FROM annotation_image image
        WHERE image.project_id = project.id AND image.sha256 = %(sha256)s AND image.removed_at IS NULL LIMIT 1
    ) kept
)
"""
# What models said of a photo lies in partitions; each has an index over photos.
_SAID = (
    "annotation_questionanswer",
    "annotation_regionannotation",
    "annotation_regionmatch",
    "annotation_imageannotation",
    "annotation_regioncandidates",
)
_RESIDUES = (
    "DELETE FROM annotation_importedcaption WHERE image_id = %(image)s",
    "UPDATE annotation_region SET mask_rle = NULL, tag_ids = '{}', external_id = '' WHERE image_id = %(image)s",
    "DELETE FROM annotation_stagefailure WHERE image_id = %(image)s",
)


def blacklist_photo(*, sha256: str, project_id: int | None) -> None:
    """Let no import take the photo in again: into this project, or into any. Idempotent."""
    BlacklistedPhoto.objects.bulk_create(
        [BlacklistedPhoto(sha256=sha256, project_id=project_id)], ignore_conflicts=True
    )


def blacklisted(*, project_id: int, digests: Iterable[str] | None = None) -> frozenset[str]:
    """Digests that the project may not take in; of `digests` alone where they are given."""
    rows = BlacklistedPhoto.objects.filter(Q(project_id=project_id) | Q(project=None))
    if digests is not None:
        rows = rows.filter(sha256__in=set(digests))
    return frozenset(rows.values_list("sha256", flat=True))


def erase_photo(image: Image) -> list[str]:
    """Erase what the database holds of a photo but that it was there. The caller's transaction has locked its row.

    Idempotent. Returns the keys of its files, which `erase_files` removes once that is committed.
    """
    keys = [key for key in dict.fromkeys((image.original, image.display, image.thumbnail)) if key]
    with connection.cursor() as cursor:
        for table in _SAID:
            cursor.execute(f"DELETE FROM {table} WHERE image_id = %(image)s", {"image": image.pk})  # noqa: S608
        for statement in _RESIDUES:
            cursor.execute(statement, {"image": image.pk})
    Image.objects.filter(pk=image.pk).update(
        name=NAME, url="", original="", display="", thumbnail="", licence="", source="", file_bytes=0, mean_luma=0.5
    )
    Image.objects.filter(pk=image.pk, removed_at=None).update(removed_at=Now())
    return keys


def erase_files(*, sha256: str, keys: Iterable[str]) -> bool:
    """Remove a photo's files from the storage, unless another project still has the photo. Idempotent.

    True when they are gone. Raises what the storage raises.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STILL_THERE, {"sha256": sha256})
        if cursor.fetchall() == [(True,)]:
            return False
    for key in keys:
        default_storage.delete(key)  # a file that is not there is deleted
    return True


def is_being_annotated(image_id: int, *, project_id: int) -> bool:
    """Whether a shard that holds the photo runs now: it read the photo before, and may still write about it."""
    return StageRun.objects.filter(
        loop__project_id=project_id, loop__state="running", state=StageState.RUNNING, image_ids__contains=[image_id]
    ).exists()
