"""What WordNet says of the tags there are, for their cards."""

from __future__ import annotations

from collections.abc import Iterator

from annotation.models import MeaningSource
from annotation.selectors.concepts import all_tags
from annotation.services.meanings import Imported, import_meanings
from ml.backends.builtin.wordnets import meaning


def write_glosses(*, replace: bool = False) -> Imported:
    """Give the tags that WordNet knows its meaning; those that have one keep it, unless `replace`. Idempotent."""
    return import_meanings(_known(), source=MeaningSource.WORDNET, replace=replace)


def _known() -> Iterator[tuple[str, str]]:
    for name in all_tags():
        gloss = meaning(name)
        if gloss:
            yield name, gloss
