"""`import:boxes`: the boxes that were imported for a photo, with their names and scores."""

from __future__ import annotations

from collections.abc import Sequence

from ml.backends.values import Photo, Proposals, ProposalsLike


class ImportedBoxes:
    """Localizer. Needs neither pixels nor a model."""

    version = "1"

    def localize(self, images: Sequence[Photo], tags: Sequence[Sequence[str]]) -> list[ProposalsLike]:
        return [image.imported if len(image.imported.boxes) else Proposals() for image in images]
