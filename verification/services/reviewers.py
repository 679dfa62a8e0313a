"""Who may look at whose work. One rule each for experts and for the annotators who do a package again.

Parts of SQL, so that lists, claims and decisions cannot differ.
"""

# The packages before `p`: those it is the redo or the second look of.
_BEFORE = """
    WITH RECURSIVE before AS (
        SELECT coalesce(p.parent_id, p.second_look_of_id) AS id
        UNION ALL
        SELECT coalesce(earlier.parent_id, earlier.second_look_of_id)
        FROM before JOIN verification_reviewpackage earlier ON earlier.id = before.id
    )
"""

TOOK_NO_PART_SQL = """
    NOT EXISTS (SELECT 1 FROM verification_packageitem packed
                JOIN verification_verdict verdict ON verdict.item_id = packed.item_id
                WHERE packed.package_id = p.id AND verdict.annotator_id = %(user)s)
    AND NOT EXISTS (SELECT 1 FROM verification_packageitem packed
                    JOIN verification_skip skip ON skip.item_id = packed.item_id
                    WHERE packed.package_id = p.id AND skip.annotator_id = %(user)s)
"""
"""The expert has neither judged nor skipped any item of package `p`: said again by a trigger of the database."""

MAY_REVIEW_SQL = f"""
    p.author_id IS DISTINCT FROM %(user)s
    AND {TOOK_NO_PART_SQL}
    AND NOT EXISTS ({_BEFORE} SELECT 1 FROM before
                    JOIN verification_reviewpackage ruled ON ruled.id = before.id OR ruled.second_look_of_id = before.id
                    WHERE ruled.expert_id = %(user)s AND ruled.id <> p.id)
"""  # noqa: S608  # made of constants
"""Package `p` may go to expert %(user)s: no part in it, and a new pair of eyes where it was ruled on before."""

MAY_REDO_SQL = """
    person.is_active
    AND EXISTS (SELECT 1 FROM projects_membership member
                WHERE member.project_id = p.project_id AND member.user_id = person.id AND member.role = 'annotator')
    AND NOT EXISTS (SELECT 1 FROM verification_standing standing
                    WHERE standing.project_id = p.project_id AND standing.person_id = person.id
                      AND (standing.paused_at IS NOT NULL OR standing.requalify_since IS NOT NULL))
    AND NOT EXISTS (
        SELECT 1 FROM verification_packageitem packed
        JOIN verification_assignment slot ON slot.item_id = packed.item_id
        WHERE packed.package_id = p.id AND slot.annotator_id = person.id)
    AND NOT EXISTS (
        SELECT 1 FROM verification_packageitem packed
        JOIN verification_verdict verdict ON verdict.item_id = packed.item_id
        WHERE packed.package_id = p.id AND verdict.annotator_id = person.id)
    AND NOT EXISTS (
        SELECT 1 FROM verification_packageitem packed JOIN verification_skip skip ON skip.item_id = packed.item_id
        WHERE packed.package_id = p.id AND skip.annotator_id = person.id)
    AND NOT EXISTS (
        SELECT 1 FROM verification_packageitem packed
        JOIN verification_packageitem other ON other.item_id = packed.item_id
        JOIN verification_ruling ruling ON ruling.package_item_id = other.id
        WHERE packed.package_id = p.id AND ruling.expert_id = person.id)
    AND NOT EXISTS (
        SELECT 1 FROM verification_packageitem packed
        JOIN verification_sampleitem item ON item.id = packed.item_id
        JOIN verification_sampleitem near ON near.id = item.parent_id OR near.parent_id = item.id
        JOIN verification_assignment slot ON slot.item_id = near.id
        WHERE packed.package_id = p.id AND slot.annotator_id = person.id)
"""
"""`person` may judge the items of package `p` anew: an annotator at work who has not judged, held, skipped or
ruled on any of them, nor on the pairs whose answers they are."""
