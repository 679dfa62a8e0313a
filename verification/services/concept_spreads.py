"""The first tags of a loop are counted once, when it is finished: one statement, one row kept."""

from __future__ import annotations

import logging

import orjson
from django.db import connection

from annotation.models import Loop
from verification.models import ConceptSpread

log = logging.getLogger(__name__)

MOST_FREQUENT, OF_EACH_POWER = 12, 3


def count_spread(loop: Loop) -> ConceptSpread | None:
    """Count how often each concept is a region's first tag, and keep it; None where nothing is annotated.

    Idempotent: counting again replaces what was counted. Reads the loop's rows once; what is kept has a few thousand
    numbers at most, since few frequencies are large.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"loop": loop.pk, "most": MOST_FREQUENT, "of_each": OF_EACH_POWER})
        spectrum, examples = (orjson.loads(part) if isinstance(part, str) else part for part in cursor.fetchone())
    if not spectrum:
        return None
    kept, _made = ConceptSpread.objects.update_or_create(
        loop=loop, defaults={"spectrum": spectrum, "examples": examples or []}
    )
    log.info("loop %s has %s concepts", loop.pk, sum(count for _frequency, count in spectrum))
    return kept


_COUNT = """
WITH counted AS MATERIALIZED (
    SELECT concept_ids[1] AS concept_id, count(*) AS frequency
    FROM annotation_regionannotation WHERE loop_id = %(loop)s GROUP BY concept_ids[1]
), of_power AS (
    SELECT concept_id, frequency,
           row_number() OVER (PARTITION BY floor(log(frequency)) ORDER BY frequency DESC, concept_id) AS place
    FROM counted
), example AS (
    (SELECT concept_id, frequency FROM counted ORDER BY frequency DESC, concept_id LIMIT %(most)s::int)
    UNION
    (SELECT concept_id, frequency FROM of_power WHERE place <= %(of_each)s)
    UNION
    (SELECT concept_id, frequency FROM counted ORDER BY frequency, concept_id DESC LIMIT %(of_each)s::int)
)
SELECT (SELECT jsonb_agg(jsonb_build_array(frequency, concepts) ORDER BY frequency DESC)
        FROM (SELECT frequency, count(*) AS concepts FROM counted GROUP BY frequency) spectrum),
       (SELECT jsonb_agg(jsonb_build_array(concept_id, frequency) ORDER BY frequency DESC, concept_id) FROM example)
"""
