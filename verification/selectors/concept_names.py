"""Concept ids to names, aliases resolved at read."""

from collections.abc import Iterable
from typing import Any, Protocol

# More than any batch has; 50,000 names take some 15 MB.
_KEPT = 50_000
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
        self._last: set[int] = set()

    def load(self, concept_ids: Iterable[int]) -> None:
        """Read the names that are not known yet, in one query. Those of this call and the one before are kept."""
        asked = set(concept_ids)
        if len(self._known) > _KEPT:
            kept = asked | self._last
            self._known = {key: value for key, value in self._known.items() if key in kept}
        self._last = asked
        missing = asked.difference(self._known)
        if missing:
            self._cursor.execute(_NAMES, {"ids": list(missing), "longest": _LONGEST_CHAIN})
            # A new dictionary takes the old one's place whole: another thread may be reading names.
            found = {concept: (end, display) for concept, end, display in self._cursor.fetchall()}
            self._known = {**self._known, **found}

    def canonical(self, concept_id: int) -> int:
        """The concept that `concept_id` stands for: itself, or the end of its chain of aliases."""
        return self._known[concept_id][0]

    def display(self, concept_id: int) -> str:
        """How the concept that `concept_id` stands for is written."""
        return self._known[concept_id][1]
