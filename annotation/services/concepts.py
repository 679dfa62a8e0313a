"""The open vocabulary: texts in, ids out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.db import connection

from annotation.models import ConceptKind
from annotation.pipeline.concepts import ConceptTextError, parse_concept

BATCH = 20_000

_parsed = lru_cache(maxsize=131_072)(parse_concept)  # batches of an import name the same things again and again


def concept_ids_for(texts: Iterable[str], *, kind: str = ConceptKind.TAG) -> dict[str, int]:
    """The id of each text's concept, new ones made. A text that can be no concept is left out.

    Texts are told apart by their normalised form; the display text is that of the first writer. Ids are those
    of the concepts themselves: aliases are resolved at read.

    Call it once, before the transaction that uses the ids, with all texts: new concepts are inserted in sorted order,
    so two callers never wait for each other in a circle, which two calls inside one transaction could not
    promise. Concepts that a failed transaction leaves unused are harmless.
    """
    wanted: dict[str, str] = {}  # normalised -> display
    normalised: dict[str, str] = {}  # as given -> normalised
    for text in texts:
        try:
            concept = _parsed(text)
        except ConceptTextError:
            continue
        wanted.setdefault(concept.normalised, concept.display)
        normalised[text] = concept.normalised
    ids: dict[str, int] = {}
    ordered = sorted(wanted)
    for start in range(0, len(ordered), BATCH):
        ids |= _ids(ordered[start : start + BATCH], wanted, str(kind))
    return {text: ids[form] for text, form in normalised.items()}


def _ids(forms: list[str], displays: dict[str, str], kind: str) -> dict[str, int]:
    found = _existing(forms, kind)
    missing = [form for form in forms if form not in found]
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO annotation_concept (kind, text, display) "
                "SELECT %s, * FROM unnest(%s::text[], %s::text[]) ON CONFLICT (kind, text) DO NOTHING",
                [kind, missing, [displays[form] for form in missing]],
            )
        found |= _existing(missing, kind)
    return found


def _existing(forms: list[str], kind: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT text, id FROM annotation_concept WHERE kind = %s AND text = ANY(%s::text[])", [kind, forms]
        )
        return dict(cursor.fetchall())
