"""Reads of single photos, for serving their files."""

from dataclasses import dataclass
from enum import StrEnum

from annotation.models import Image


class Variant(StrEnum):
    """The derivatives of a photo that pages show. Originals are never served."""

    DISPLAY = "display"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where a derivative lies in the storage (`key`, empty when there is none) and whose bytes it was made from."""

    name: str
    sha256: str
    key: str


def stored_file(*, project_id: int, image_id: int, variant: Variant) -> StoredFile | None:
    """The derivative of one photo of the project; None when it is not in this project, or was taken down."""
    photos = Image.objects.filter(project_id=project_id, pk=image_id, removed_at=None)
    row = photos.values_list("name", "sha256", variant.value).first()
    return None if row is None else StoredFile(*row)
