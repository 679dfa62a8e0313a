"""The one rule of who is kept from working by a lead, as SQL: the queue asks it in the statement that leases."""

MAY_WORK_SQL = """
    (SELECT standing.id FROM verification_standing standing
     WHERE standing.project_id = p.id AND standing.person_id = %(user)s
       AND (standing.paused_at IS NOT NULL OR standing.requalify_since IS NOT NULL)) IS NULL
"""
"""Nothing keeps %(user)s from being given items of project `p`."""
