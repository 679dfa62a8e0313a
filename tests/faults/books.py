"""The books, read straight from PostgreSQL: is every item judged by exactly n people, every verdict paid once?"""

from typing import Any

import psycopg


class Books:
    """What stands in the database at `url`, whatever server it is and whoever else uses it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode(), values or None).fetchall()

    def run(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)

    def one(self, statement: str, *values: Any) -> Any:
        """The only value of the only row."""
        ((value,),) = self.rows(statement, *values)
        return value

    def verdict_keys(self) -> set[str]:
        """The keys of all verdicts, withdrawn ones included."""
        return {str(key) for (key,) in self.rows("SELECT key FROM verification_verdict")}

    def count(self, table: str) -> int:
        return int(self.one(f"SELECT count(*) FROM verification_{table}"))  # noqa: S608

    def faults(self) -> list[str]:
        """Whatever may never be, at any moment. Empty in a sound database."""
        return [
            f"{name}: {found}" for name, statement in _NEVER.items() if (found := self.rows(f"{statement} LIMIT 3"))
        ]

    def unfinished(self, overlap: int) -> list[tuple[int, int, int]]:
        """(item, verdicts, people) of the items that do not have exactly `overlap` verdicts of as many people."""
        return self.rows(
            """SELECT i.id, count(v.id), count(DISTINCT v.annotator_id)
               FROM verification_sampleitem i
               LEFT JOIN verification_verdict v ON v.item_id = i.id AND NOT v.is_withdrawal
                 AND NOT EXISTS (SELECT 1 FROM verification_verdict w WHERE w.supersedes_id = v.id)
               GROUP BY i.id
               HAVING count(v.id) <> %s OR count(DISTINCT v.annotator_id) <> %s
               ORDER BY i.id""",
            overlap,
            overlap,
        )


_STANDING = """verification_verdict v WHERE NOT v.is_withdrawal
    AND NOT EXISTS (SELECT 1 FROM verification_verdict w WHERE w.supersedes_id = v.id)"""
_NEVER = {  # the parts are constants of this module
    "a slot with two verdicts": f"""SELECT v.assignment_id, count(*) FROM {_STANDING}
        GROUP BY v.assignment_id HAVING count(*) > 1""",  # noqa: S608
    "a person with two verdicts on an item": f"""SELECT v.item_id, v.annotator_id, count(*) FROM {_STANDING}
        GROUP BY v.item_id, v.annotator_id HAVING count(*) > 1""",  # noqa: S608
    "more verdicts than the sample wants": f"""SELECT judged.item_id, judged.verdicts
        FROM (SELECT v.item_id, count(*) AS verdicts FROM {_STANDING} GROUP BY v.item_id) judged
        JOIN verification_sampleitem i ON i.id = judged.item_id
        JOIN verification_sample s ON s.id = i.sample_id WHERE judged.verdicts > s.overlap""",  # noqa: S608
    "a verdict that was not paid exactly once": """SELECT v.id, count(pay.id) FROM verification_verdict v
        LEFT JOIN verification_ledgerentry pay ON pay.verdict_id = v.id GROUP BY v.id HAVING count(pay.id) <> 1""",
    "a standing verdict whose slot does not name it": f"""SELECT v.id FROM {_STANDING}
        AND NOT EXISTS (SELECT 1 FROM verification_assignment a WHERE a.id = v.assignment_id
                        AND a.state = 'done' AND a.verdict_id = v.id AND a.annotator_id = v.annotator_id)""",  # noqa: S608
    "a slot that is done without a verdict of its own": """SELECT a.id FROM verification_assignment a
        LEFT JOIN verification_verdict v ON v.id = a.verdict_id AND v.assignment_id = a.id
        WHERE a.state = 'done' AND v.id IS NULL""",
    "a late verdict that was paid": """SELECT l.id FROM verification_lateverdict l
        JOIN verification_verdict v ON v.key = l.key""",
}
