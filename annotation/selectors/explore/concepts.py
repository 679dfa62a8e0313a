"""Names of concepts, and concepts by name. Aliases are resolved here, at read."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from annotation.pipeline.concepts import normalise

_LONGEST_CHAIN = 16
_MOST_ALIASES = 200
_MOST_LOOKED_AT = 1000

_NAMES = f"""
WITH RECURSIVE chain AS (
    SELECT id AS asked, id, alias_of_id, display, 0 AS length FROM annotation_concept WHERE id = ANY(%s)
    UNION ALL
    SELECT chain.asked, next.id, next.alias_of_id, next.display, chain.length + 1
    FROM chain JOIN annotation_concept next ON next.id = chain.alias_of_id
    WHERE chain.length < {_LONGEST_CHAIN}
)
SELECT DISTINCT ON (asked) asked, id, display FROM chain ORDER BY asked, length DESC
"""  # noqa: S608  # a constant of this module

_FAMILY = f"""
WITH RECURSIVE up AS (
    SELECT id, alias_of_id, display, 0 AS length FROM annotation_concept WHERE kind = 'tag' AND text = %s
    UNION ALL
    SELECT next.id, next.alias_of_id, next.display, up.length + 1
    FROM up JOIN annotation_concept next ON next.id = up.alias_of_id WHERE up.length < {_LONGEST_CHAIN}
), top AS (
    SELECT id, display FROM up ORDER BY length DESC LIMIT 1
), down AS (
    SELECT id, 0 AS length FROM top
    UNION
    SELECT next.id, down.length + 1
    FROM down JOIN annotation_concept next ON next.alias_of_id = down.id WHERE down.length < {_LONGEST_CHAIN}
)
SELECT top.id, top.display, ARRAY(SELECT DISTINCT id FROM down LIMIT {_MOST_ALIASES}) FROM top
"""  # noqa: S608

# `~>=~` and `~<~` compare as the prefix index does, whatever the database's collation.
_SUGGESTED = f"""
SELECT near.display FROM (
    SELECT id, display, text FROM annotation_concept
    WHERE kind = 'tag' AND text ~>=~ %(prefix)s AND text ~<~ %(beyond)s
    ORDER BY text USING ~<~ LIMIT {_MOST_LOOKED_AT}
) near
WHERE (
    SELECT 1 FROM annotation_regionannotation WHERE loop_id = %(loop)s AND concept_ids[1] = near.id LIMIT 1
) IS NOT NULL OR (
    SELECT 1 FROM annotation_concept alias
    CROSS JOIN LATERAL (
        SELECT 1 FROM annotation_regionannotation WHERE loop_id = %(loop)s AND concept_ids[1] = alias.id LIMIT 1
    ) used
    WHERE alias.alias_of_id = near.id LIMIT 1
) IS NOT NULL
ORDER BY near.text USING ~<~ LIMIT __limit__
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class ConceptName:
    """The concept that an id stands for (itself, or the end of its chain of aliases) and how it is written."""

    concept_id: int
    display: str


@dataclass(frozen=True, slots=True)
class ConceptFamily:
    """A concept with all ids that stand for it: its own and those of its aliases."""

    concept_id: int
    display: str
    ids: tuple[int, ...]


def concept_names(concept_ids: Iterable[int]) -> dict[int, ConceptName]:
    """Names by the ids asked for, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [sorted(set(concept_ids))])
        return {asked: ConceptName(found, display) for asked, found, display in cursor.fetchall()}


def find_concept(text: str) -> ConceptFamily | None:
    """The tag written like `text` (or that it is an alias of); None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [normalise(text)])
        row = cursor.fetchone()
    return None if row is None else ConceptFamily(row[0], row[1], tuple(row[2]))


def suggest_concepts(*, loop_id: int, prefix: str, limit: int = 10) -> list[str]:
    """Tags that begin with `prefix` and are the first tag of some region of the loop, by name.

    Looks at no more than the first thousand tags with that prefix, whoever uses them.
    """
    start = normalise(prefix)
    if not start:
        return []
    beyond = start + "\U0010ffff"
    with connection.cursor() as cursor:
        cursor.execute(
            _SUGGESTED.replace("__limit__", str(int(limit))), {"loop": loop_id, "prefix": start, "beyond": beyond}
        )
        return [row[0] for row in cursor.fetchall()]
