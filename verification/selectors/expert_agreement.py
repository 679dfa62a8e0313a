"""How far experts agree with each other: second looks at packages that another expert ruled on."""

from dataclasses import dataclass

import numpy as np
from django.db import connection

from verification.agreement import cohen_kappa
from verification.quality import wilson_interval


@dataclass(frozen=True, slots=True)
class ExpertAgreement:
    """Over `items` that two experts judged, `same` of them alike (both agree with the annotator, or both disagree).

    kappa: Cohen's, None where nothing can be said.
    """

    items: int
    same: int
    kappa: float | None

    @property
    def share(self) -> float | None:
        return self.same / self.items if self.items else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.same, self.items)


@dataclass(frozen=True, slots=True)
class ExpertRow:
    """An expert and their agreement with the others, for the lead."""

    expert_id: int
    name: str
    agreement: ExpertAgreement


def agreement_of_experts(*, project_id: int, user_id: int | None = None) -> ExpertAgreement:
    """Of all experts of the project, or of one with the others. One query over the packages with a second look."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLE, {"project": project_id, "user": user_id})
        return _agreement(cursor.fetchall())


def agreement_by_expert(*, project_id: int) -> list[ExpertRow]:
    """Each expert with the others. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_EXPERT, {"project": project_id})
        rows = cursor.fetchall()
    tables: dict[tuple[int, str], list[tuple[bool, bool, int]]] = {}
    for expert_id, name, mine, theirs, count in rows:
        tables.setdefault((expert_id, name), []).append((mine, theirs, count))
    return [ExpertRow(expert_id, name, _agreement(cells)) for (expert_id, name), cells in tables.items()]


def _agreement(cells: list[tuple[bool, bool, int]]) -> ExpertAgreement:
    table = np.zeros((2, 2), dtype=np.int64)
    for first, second, count in cells:
        table[int(first), int(second)] += count
    return ExpertAgreement(int(table.sum()), int(np.trace(table)), cohen_kappa(table) if table.sum() else None)


# Both packages are closed; `first` and `second` are what each of the two experts said of one and the same verdict.
_PAIRS = """
    FROM verification_reviewpackage copy
    JOIN verification_reviewpackage original ON original.id = copy.second_look_of_id
    JOIN verification_packageitem later ON later.package_id = copy.id
    JOIN verification_packageitem earlier ON earlier.package_id = original.id AND earlier.item_id = later.item_id
    JOIN verification_ruling second ON second.package_item_id = later.id
    JOIN verification_ruling first ON first.package_item_id = earlier.id
    WHERE copy.project_id = %(project)s AND copy.right_items IS NOT NULL
"""
_TABLE = f"""
SELECT first.agrees, second.agrees, count(*) {_PAIRS}
  AND (%(user)s::bigint IS NULL OR %(user)s::bigint IN (first.expert_id, second.expert_id))
GROUP BY first.agrees, second.agrees
"""
_BY_EXPERT = f"""
SELECT person.id, coalesce(nullif(trim(concat_ws(' ', person.first_name, person.last_name)), ''), person.username),
       said.mine, said.theirs, said.count
FROM (
    SELECT seen.expert_id, seen.mine, seen.theirs, count(*)
    FROM (SELECT first.expert_id AS one, first.agrees AS says, second.expert_id AS other, second.agrees AS replies
          {_PAIRS}) pair
    CROSS JOIN LATERAL (VALUES (one, says, replies), (other, replies, says)) seen (expert_id, mine, theirs)
    GROUP BY seen.expert_id, seen.mine, seen.theirs
) said
JOIN accounts_user person ON person.id = said.expert_id
ORDER BY person.username
"""  # noqa: S608  # made of constants
