"""What people said that a region does not show: annotation leaves it out (design §4, match)."""

from collections.abc import Iterable

from django.db import connection

from verification.selectors.concept_names import ConceptNames
from verification.selectors.verified import verified_regions

_LONGEST_CHAIN = 16

# All concepts that stand for one of these: themselves, and whatever is an alias of them, directly or not.
_TEXTS = """
WITH RECURSIVE named AS (
    SELECT id AS canonical, id, text, 0 AS length FROM annotation_concept WHERE id = ANY(%(ids)s)
    UNION ALL
    SELECT named.canonical, concept.id, concept.text, named.length + 1
    FROM named JOIN annotation_concept concept ON concept.alias_of_id = named.id
    WHERE named.length < %(longest)s
)
SELECT canonical, array_agg(text) FROM named GROUP BY canonical
"""


def rejected_texts(*, project_id: int, region_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Region id -> normalised texts of the concepts that people rejected for it, under all their names.

    Regions without such a concept have no entry. For a shard of photos: at most four queries.
    """
    rejected = {
        region_id: {decision.concept_id for decision in region.rejected}
        for region_id, region in verified_regions(project_id=project_id, region_ids=region_ids).items()
        if region.rejected
    }
    if not rejected:
        return {}
    with connection.cursor() as cursor:
        names = ConceptNames(cursor)
        names.load(concept_id for concept_ids in rejected.values() for concept_id in concept_ids)
        canonical = {
            region_id: {names.canonical(concept_id) for concept_id in concept_ids}
            for region_id, concept_ids in rejected.items()
        }
        wanted = sorted({concept_id for concept_ids in canonical.values() for concept_id in concept_ids})
        cursor.execute(_TEXTS, {"ids": wanted, "longest": _LONGEST_CHAIN})
        texts: dict[int, list[str]] = dict(cursor.fetchall())
    return {
        region_id: frozenset(text for concept_id in concept_ids for text in texts[concept_id])
        for region_id, concept_ids in canonical.items()
    }
