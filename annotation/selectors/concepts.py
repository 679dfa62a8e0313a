"""One concept: which one counts, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from annotation.models import Concept, ConceptKind, ConceptMeaning, MeaningSource
from annotation.pipeline.concepts import normalise

LONGEST_CHAIN = 16
HISTORY = 20
PAGE = 5000


@dataclass(frozen=True, slots=True)
class Meaning:
    """writer_id, project_id: by whom and where it was written; None when it came from a list."""

    id: int
    text: str
    source: str
    written_at: datetime
    writer_id: int | None
    writer: str
    project_id: int | None


def concept_that_counts(concept_id: int) -> Concept | None:
    """The concept, or the one it was renamed to or merged with. None when there is none."""
    if not 0 < concept_id < 2**63:
        return None
    concept = Concept.objects.select_related("alias_of").filter(pk=concept_id).first()
    for _step in range(LONGEST_CHAIN):
        if concept is None or concept.alias_of is None:
            break
        concept = concept.alias_of
    return concept


def tag_named(text: str) -> Concept | None:
    """The tag of this name, however it is spelt; the one that counts."""
    found = Concept.objects.filter(kind=ConceptKind.TAG, text=normalise(text)).only("pk").first()
    return concept_that_counts(found.pk) if found is not None else None


def all_tags() -> Iterator[str]:
    """The names of all tags that count, a page of PAGE at a time."""
    after = 0
    while rows := list(
        Concept.objects.filter(kind=ConceptKind.TAG, pk__gt=after)
        .order_by("pk")
        .values_list("pk", "text", "alias_of")[:PAGE]
    ):
        yield from (text for _pk, text, alias in rows if alias is None)
        after = rows[-1][0]


def meaning_of(concept_id: int) -> Meaning | None:
    """The present meaning of a concept that counts; None when none is written."""
    latest = next(iter(_rows(concept_id, 1)), None)
    return latest if latest is not None and latest.text else None


def meanings_before(concept_id: int) -> list[Meaning]:
    """The latest HISTORY meanings, the present one first. An empty text: it was taken away then."""
    return _rows(concept_id, HISTORY)


def _rows(concept_id: int, most: int) -> list[Meaning]:
    rows = ConceptMeaning.objects.filter(concept_id=concept_id, erased_at=None).select_related("writer")
    return [
        Meaning(
            row.pk,
            row.text,
            str(MeaningSource(row.source).value),
            row.written_at,
            row.writer_id,
            row.writer.display_name if row.writer is not None else "",
            row.project_id,
        )
        for row in rows.order_by("-pk")[:most]
    ]
