"""Numbers of classes for formats that count them from 0: a project's, which never change, or those of a filter."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection, transaction

from verification.selectors.concept_names import ConceptNames
from verification.selectors.snapshots import Snapshot
from webapp.projects.models import Project

_KNOWN = (
    "SELECT concept_id, number FROM verification_classnumber WHERE project_id = %s AND concept_id = ANY(%s::bigint[])"
)
_ADD = """
INSERT INTO verification_classnumber (project_id, concept_id, number)
SELECT %(project)s, wanted.id, row_number() OVER (ORDER BY wanted.id)
       + coalesce((SELECT max(number) FROM verification_classnumber WHERE project_id = %(project)s), -1)
FROM unnest(%(concepts)s::bigint[]) wanted (id)
WHERE NOT EXISTS (SELECT 1 FROM verification_classnumber known
                  WHERE known.project_id = %(project)s AND known.concept_id = wanted.id)
"""
_LIST = """
SELECT class.number, concept.display FROM verification_classnumber class
JOIN annotation_concept concept ON concept.id = class.concept_id
WHERE class.project_id = %s AND class.number >= %s ORDER BY class.number LIMIT 1000
"""
_TEXTS = "SELECT text, id FROM annotation_concept WHERE kind = 'tag' AND text = ANY(%(texts)s::text[])"


def class_numbers(*, project_id: int, concept_ids: Iterable[int]) -> dict[int, int]:
    """Concept id -> its class number in the project; concepts that have none get the next ones, in order of their id.

    Locks the project's row for the moment when there are new ones.
    """
    wanted = sorted(set(concept_ids))
    known = _known(project_id, wanted)
    missing = [concept_id for concept_id in wanted if concept_id not in known]
    if missing:
        with transaction.atomic(), connection.cursor() as cursor:
            Project.objects.select_for_update(no_key=True).get(pk=project_id)
            cursor.execute(_ADD, {"project": project_id, "concepts": missing})
        known |= _known(project_id, missing)
    return known


class ProjectClasses:
    """The project's class list. A class that was merged into another one keeps its number and name, unused."""

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self._known: dict[int, int] = {}

    def numbers(self, concept_ids: Iterable[int]) -> dict[int, int]:
        missing = set(concept_ids).difference(self._known)
        if missing:
            self._known |= class_numbers(project_id=self._project_id, concept_ids=missing)
        return self._known

    def names(self) -> Iterator[tuple[int, str]]:
        start = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(_LIST, [self._project_id, start])
                page = cursor.fetchall()
            if not page:
                return
            yield from page
            start = page[-1][0] + 1


class FilteredClasses:
    """The concepts that a filter names are the classes, in the filter's order."""

    def __init__(self, snapshot: Snapshot, names: ConceptNames, texts: Sequence[str]) -> None:
        snapshot.cursor.execute(_TEXTS, {"texts": list(texts)})
        ids = {str(text): int(str(concept_id)) for text, concept_id in snapshot.cursor.fetchall()}
        names.load(ids.values())
        wanted = dict.fromkeys(names.canonical(ids[text]) for text in texts if text in ids)
        names.load(wanted)
        self._numbers = {concept_id: number for number, concept_id in enumerate(wanted)}
        self._names = [(number, names.display(concept_id)) for concept_id, number in self._numbers.items()]

    def numbers(self, concept_ids: Iterable[int]) -> dict[int, int]:
        del concept_ids  # what passed the filter is one of them
        return self._numbers

    def names(self) -> Iterable[tuple[int, str]]:
        return self._names


def _known(project_id: int, concept_ids: list[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [project_id, concept_ids])
        return dict(cursor.fetchall())
