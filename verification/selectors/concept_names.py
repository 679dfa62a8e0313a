"""Concept ids to names, aliases resolved at read."""

from collections.abc import Iterable
from typing import Any, Protocol

# More than any batch has; 100,000 names take some 30 MB.
_KEPT = 100_000
_LONGEST_CHAIN = 16

_NAMES = """
WITH RECURSIVE chain AS (
    SELECT id AS asked, id, alias_of_id, display, 0 AS length FROM annotation_concept WHERE id = ANY(%(ids)s)
    UNION ALL
    SELECT chain.asked, next.id, next.alias_of_id, next.display, chain.length + 1
    FROM chain JOIN annotation_concept next ON next.id = chain.alias_of_id
    WHERE chain.length < %(longest)s
)
SELECT DISTINCT ON (asked) asked, id, display FROM chain ORDER BY asked, length DESC
"""


class Cursor(Protocol):
    """What is needed of Django's and of psycopg's cursors."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class ConceptNames:
    """Names of concepts as one snapshot of the database has them, read in batches and kept for the next ones."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._known: dict[int, tuple[int, str]] = {}

    def load(self, concept_ids: Iterable[int]) -> None:
        """Read the names that are not known yet, in one query. All others of an earlier call may be forgotten."""
        asked = set(concept_ids)
        if len(self._known) > _KEPT:
            self._known = {key: value for key, value in self._known.items() if key in asked}
        missing = asked.difference(self._known)
        if missing:
            self._cursor.execute(_NAMES, {"ids": list(missing), "longest": _LONGEST_CHAIN})
            self._known.update((asked, (found, display)) for asked, found, display in self._cursor.fetchall())

    def canonical(self, concept_id: int) -> int:
        """The concept that `concept_id` stands for: itself, or the end of its chain of aliases."""
        return self._known[concept_id][0]

    def display(self, concept_id: int) -> str:
        """How the concept that `concept_id` stands for is written."""
        return self._known[concept_id][1]
