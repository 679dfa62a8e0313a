"""How a loop's regions spread over concepts: what a sample can be drawn from.

Counted as the draw counts where that is quick; else what was counted when the loop was finished; else what the
database's statistics say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import connection

from annotation.models import Loop
from annotation.pipeline.loop_configs import SamplingConfig
from verification.forecast import TagSpread, spread_from_statistics
from verification.models import ConceptSpread
from verification.previews import Frame, SamplePreview, chosen_examples, preview_sample
from verification.services.sample_frames import ALIASES_SQL, FRAME_SQL, LEFT_OUT_SQL

MOST_COUNTED = 50_000


def preview_of_loop(loop: Loop, sampling: SamplingConfig) -> SamplePreview | None:
    """What a sample of the loop's annotations would take; None when there is too much to count and nothing is known.

    Nothing is drawn or written. At most 50,000 regions and as many items of samples are read.
    """
    frame = frame_of_loop(loop, first_images=sampling.first_images)
    if frame is None:
        return None
    return preview_sample(
        frame,
        min_frequency=sampling.min_frequency,
        max_concepts=sampling.max_concepts,
        low=sampling.low,
        high=sampling.high,
        budget=sampling.budget,
    )


def frame_of_loop(loop: Loop, *, first_images: int = SamplingConfig().first_images) -> Frame | None:
    """The concepts that a sample can be drawn from, exact up to 50,000 regions."""
    if _is_small(loop):
        return _counted(loop, first_images)
    spread = spread_of_loop(loop.pk)
    if spread is None:
        return None
    kept = ConceptSpread.objects.filter(loop=loop).only("examples").first()
    examples = _named([(concept_id, frequency) for concept_id, frequency in kept.examples]) if kept else []
    return Frame(spread.frequencies, examples, is_exact=False)


def spread_of_loop(loop_id: int) -> TagSpread | None:
    """All first tags of the loop: as counted before, counted now up to 50,000 regions, or from the statistics; None
    when there are more and no statistics yet."""
    kept = ConceptSpread.objects.filter(loop_id=loop_id).only("spectrum").first()
    if kept is not None:
        pairs = np.array(kept.spectrum, dtype=np.int64).reshape(-1, 2)
        return TagSpread(np.repeat(pairs[:, 0], pairs[:, 1]), is_exact=True)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"loop": loop_id, "most": MOST_COUNTED + 1})
        counts = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
        if counts.sum() <= MOST_COUNTED:
            return TagSpread(counts, is_exact=True)
        cursor.execute(_STATISTICS, [f"annotation_regionannotation_{loop_id}"])
        row = cursor.fetchone()
    return None if row is None else spread_from_statistics(row[0], row[1], row[2])


def _is_small(loop: Loop) -> bool:
    values = {"loop": loop.pk, "project_id": loop.project_id, "most": MOST_COUNTED + 1}
    return all(_rows(statement, values)[0][0] <= MOST_COUNTED for statement in (_REGIONS, _ITEMS))


def _counted(loop: Loop, first_images: int) -> Frame:
    values = {"annotated": loop.pk, "project_id": loop.project_id, "offset": first_images - 1}
    rows = _rows(_FRAME, values)
    left_out = rows[0][2] if rows else 0
    found = [(concept_id, frequency) for concept_id, frequency, _left_out in rows if concept_id is not None]
    frequencies = np.array([frequency for _id, frequency in found], dtype=np.int64)
    examples = [found[place] for place in chosen_examples(frequencies)] if found else []
    return Frame(frequencies, _named(examples), is_exact=True, verified_before=int(left_out))


def _named(examples: list[tuple[int, int]]) -> list[tuple[int, str, int]]:
    texts = dict(_rows(_TEXTS, {"ids": [concept_id for concept_id, _frequency in examples]}))
    return [(concept_id, texts[concept_id], frequency) for concept_id, frequency in examples if concept_id in texts]


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


_REGIONS = """
SELECT count(*) FROM (SELECT 1 FROM annotation_regionannotation WHERE loop_id = %(loop)s LIMIT %(most)s::int) rows
"""
_ITEMS = """
SELECT count(*) FROM (
    SELECT 1 FROM verification_sample sample JOIN verification_sampleitem item ON item.sample_id = sample.id
    WHERE sample.project_id = %(project_id)s LIMIT %(most)s::int
) rows
"""
# The draw's own statements (verification/services/sample_frames.py), in one that writes nothing.
_FRAME = f"""
WITH sample_alias (concept_id, stands_for, display) AS MATERIALIZED ({ALIASES_SQL}), sample_left_out AS MATERIALIZED (
    SELECT region_id FROM ({LEFT_OUT_SQL}) left_out (region_id)
), edge AS (
    SELECT coalesce((SELECT id FROM annotation_image WHERE project_id = %(project_id)s ORDER BY id
                     OFFSET %(offset)s LIMIT 1), 9223372036854775807) AS last_image
), counted AS (
    SELECT concept_id, count(*) AS frequency
    FROM ({FRAME_SQL.replace("%(last_image)s", "(SELECT last_image FROM edge)")}) frame GROUP BY concept_id
)
SELECT counted.concept_id, counted.frequency, left_out.regions
FROM (SELECT count(*) AS regions FROM sample_left_out) left_out LEFT JOIN counted ON true
ORDER BY counted.concept_id
"""  # noqa: S608  # made of constants
_COUNTED = """
SELECT count(*) FROM (
    SELECT concept_ids[1] AS concept_id FROM annotation_regionannotation WHERE loop_id = %(loop)s LIMIT %(most)s::int
) first_tags GROUP BY concept_id
"""
_TEXTS = """
SELECT concept.id, coalesce(target.display, concept.display)
FROM annotation_concept concept LEFT JOIN annotation_concept target ON target.id = concept.alias_of_id
WHERE concept.id = ANY (%(ids)s::bigint[])
"""
# Statistics of the index over the first tag, which autovacuum keeps.
_STATISTICS = """
SELECT parent.reltuples::bigint, known.n_distinct, coalesce(known.most_common_freqs, '{}')
FROM pg_index found
JOIN pg_class parent ON parent.oid = found.indrelid
JOIN pg_class own ON own.oid = found.indexrelid
JOIN pg_attribute part ON part.attrelid = own.oid AND part.attnum = 1
JOIN pg_stats known ON known.tablename = own.relname AND known.attname = part.attname
WHERE found.indrelid = to_regclass(%s) AND found.indexprs IS NOT NULL AND parent.reltuples > 0
"""
