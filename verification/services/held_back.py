"""The one rule of who is kept from working, as SQL: the queue asks it in the statement that leases."""

from django.db import connection

MAY_WORK_SQL = """
    (SELECT standing.id FROM verification_standing standing
     WHERE standing.project_id = p.id AND standing.person_id = %(user)s
       AND (standing.paused_at IS NOT NULL OR standing.requalify_since IS NOT NULL)) IS NULL
    AND ((SELECT asked.id FROM verification_qualifyinground asked
          WHERE asked.project_id = p.id AND asked.is_on) IS NULL
         OR (SELECT passed.id FROM verification_qualification passed
             WHERE passed.project_id = p.id AND passed.person_id = %(user)s) IS NOT NULL)
"""
"""No lead and no qualifying round keeps %(user)s from being given items of project `p`."""


def may_work(*, project_id: int, user_id: int) -> bool:
    """Whether that is so. One query."""
    statement = f"SELECT {MAY_WORK_SQL} FROM projects_project p WHERE p.id = %(project)s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, {"project": project_id, "user": user_id})
        row = cursor.fetchone()
    return row is not None and bool(row[0])
