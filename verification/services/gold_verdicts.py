"""When a verdict on a gold item can no longer be changed, as SQL.

Gold items are never packed. Without this rule they would stay open to changes when all that was judged beside them has
gone to the experts, and so be told apart.
"""

NOT_AS_GOOD_AS_PACKED_SQL = """
    NOT EXISTS (SELECT 1 FROM verification_sampleitem gold
                WHERE gold.id = v.item_id AND gold.is_gold
                  AND (NOT s.is_open OR EXISTS (
                      SELECT 1 FROM verification_reviewpackage made
                      JOIN verification_packageitem beside ON beside.package_id = made.id
                      JOIN verification_verdict packed ON packed.id = ANY(beside.verdict_ids)
                      WHERE made.sample_id = gold.sample_id AND (made.author_id = v.annotator_id
                                                                 OR made.author_id IS NULL)
                        AND packed.annotator_id = v.annotator_id AND packed.created_at >= v.created_at)))
"""
"""Verdict `v` in sample `s` is on no gold item, or on one of an open sample that was judged after everything of theirs
that a package holds."""
