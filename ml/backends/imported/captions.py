"""`import:captions`: the first imported caption is the overall caption; its nouns are for others to find."""

from __future__ import annotations

from collections.abc import Sequence

from ml.backends.values import Photo, Spotting


class ImportedCaptions:
    """Spotter that lists no tags: for rosters in which the image's labels were imported as well."""

    version = "1"

    def spot(self, images: Sequence[Photo]) -> list[Spotting]:
        return [Spotting(image.captions[0] if image.captions else "", ()) for image in images]
