"""Photos of a project in the order in which they came, newest first: the grid on the photos page."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.models import Image

PAGE = 48


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """A page of photos; `older` is the key of the next one, None on the last."""

    photos: Sequence[Image]
    older: int | None


def photo_page(*, project_id: int, before: int | None) -> PhotoPage:
    """Photos with ids below `before` (None: the newest), one query by index."""
    photos = (
        Image.objects.filter(project_id=project_id, removed_at=None)
        .order_by("-pk")
        .only("name", "thumbnail", "width", "height")
    )
    if before is not None:
        photos = photos.filter(pk__lt=before)
    page = list(photos[: PAGE + 1])
    return PhotoPage(page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None)
