"""What tags mean: written by leads, or brought in from a list. The only writer of meanings."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.models import MEANING_LENGTH, Concept, ConceptKind, ConceptMeaning, MeaningSource
from annotation.pipeline.concepts import display_text, normalise
from annotation.selectors.concepts import concept_that_counts
from webapp.core.errors import BadInput, Conflict, NotFound

log = logging.getLogger(__name__)

BATCH = 2000
MOST_NAMED = 20
_FAR_TOO_LONG = 100 * MEANING_LENGTH


@dataclass(slots=True)
class Imported:
    """What became of a list. unknown: no tag has that name; kept: the tag has another meaning already; refused: it is
    empty or too long. names: the first of the unknown and refused ones."""

    written: int = 0
    unchanged: int = 0
    kept: int = 0
    unknown: int = 0
    refused: int = 0
    names: list[str] = field(default_factory=list)


def write_meaning(
    *, concept_id: int, text: str, writer_id: int, project_id: int, over: int | None = None
) -> ConceptMeaning | None:
    """Say what the concept means, for all projects; an empty text takes the meaning away. What stood there is kept.

    `over`: the id of the meaning that the writer had before them, 0 for none; Conflict (`meaning_changed`) when it is
    another by now. The same text again changes nothing. Returns the present row, None where nothing was ever written.
    Locks the concept. Raises NotFound, BadInput.
    """
    cleaned = _cleaned(text)
    concept = concept_that_counts(concept_id)
    if concept is None:
        raise NotFound(_("There is no such tag."))
    with transaction.atomic():
        list(Concept.objects.select_for_update(no_key=True).filter(pk=concept.pk))
        present = _present([concept.pk]).get(concept.pk)
        if (present.text if present is not None else "") == cleaned:
            return present
        if over is not None and over != (present.pk if present is not None else 0):
            message = _("Somebody else has changed the meaning meanwhile. Load the page again and look at theirs.")
            raise Conflict(message, code="meaning_changed")
        written = ConceptMeaning.objects.create(
            concept=concept, text=cleaned, source=MeaningSource.PERSON, writer_id=writer_id, project_id=project_id
        )
    log.info("meaning of concept %s written by user %s", concept.pk, writer_id)
    return written


def import_meanings(
    rows: Iterable[tuple[str, str]], *, source: MeaningSource = MeaningSource.FILE, replace: bool = False
) -> Imported:
    """Meanings of many tags: (name, meaning). A tag that has one keeps it, unless `replace`. Idempotent.

    Batches of BATCH, each in a transaction of its own, locking its concepts by id. The last of several rows for one tag
    counts.
    """
    result = Imported()
    for batch in _batches(rows):
        _import_batch(batch, source, replace, result)
    return result


def _import_batch(rows: list[tuple[str, str]], source: MeaningSource, replace: bool, result: Imported) -> None:
    wanted: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, text in rows:
        try:
            cleaned = _cleaned(text)
        except BadInput:
            cleaned = ""
        if cleaned:
            wanted[normalise(name)] = cleaned
            names[normalise(name)] = name
        else:
            result.refused += 1
            _note(result, name)
    found = Concept.objects.filter(kind=ConceptKind.TAG, text__in=wanted)
    texts: dict[int, str] = {}
    for concept_id, name, alias in found.values_list("pk", "text", "alias_of"):
        concept = concept_that_counts(concept_id) if alias else None
        texts[concept.pk if concept is not None else concept_id] = wanted[name]
        del names[name]
    result.unknown += len(names)
    for name in names.values():
        _note(result, name)
    with transaction.atomic():
        list(Concept.objects.select_for_update(no_key=True).filter(pk__in=texts).order_by("pk").values_list("pk"))
        present = _present(texts)
        written = []
        for concept_id, text in texts.items():
            before = present.get(concept_id)
            if before is not None and before.text == text:
                result.unchanged += 1
            elif before is not None and not replace:
                result.kept += 1
            else:
                written.append(ConceptMeaning(concept_id=concept_id, text=text, source=source))
        ConceptMeaning.objects.bulk_create(written)
    result.written += len(written)


def _cleaned(text: str) -> str:
    """Plain text on one line. Raises BadInput when it is too long."""
    cleaned = display_text(text) if len(text) <= _FAR_TOO_LONG else text
    if len(cleaned) > MEANING_LENGTH:
        raise BadInput(
            _("A meaning has at most %(most)s characters; this one has %(length)s.")
            % {"most": MEANING_LENGTH, "length": len(cleaned)}
        )
    return cleaned


def _present(concept_ids: Iterable[int]) -> dict[int, ConceptMeaning]:
    """The row that counts of each concept that has one."""
    rows = ConceptMeaning.objects.filter(concept_id__in=list(concept_ids), erased_at=None)
    return {row.concept_id: row for row in rows.order_by("concept_id", "-pk").distinct("concept_id")}


def _note(result: Imported, name: str) -> None:
    if len(result.names) < MOST_NAMED:
        result.names.append(display_text(name[:MEANING_LENGTH])[:100])


def _batches(rows: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch
