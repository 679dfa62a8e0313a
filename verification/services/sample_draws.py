"""Drawing a sample: from a frame to items and slots.

Whatever touches regions is one statement, so that a sample of ten million regions costs two passes over the annotations
and little memory here. Working tables are ordinary ones, made and dropped within the transaction: other processes of
the database that take part in a statement cannot read temporary tables.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from annotation.pipeline.loop_configs import SamplingConfig
from annotation.services.copy_format import HEADER, TRAILER, Column, Scalar, binary_rows
from verification.models import Sample
from verification.sampling import Draw, Floats, Ints, draw_counts, hash_cut, most_frequent
from verification.services.sample_frames import ALIASES_SQL, Frame
from webapp.core.errors import Conflict

log = logging.getLogger(__name__)

# A million concepts are a table of 100 MB to count in; with less room it is written to disk in parts. How many concepts
# the tags of the drawn regions are, the planner cannot know: it expects the same few, and would look up each by itself.
# And it expects a third of the regions to pass the cut, too many to hand from process to process; it is a twentieth.
_SETTINGS = """
SELECT set_config('work_mem', '64MB', true), set_config('enable_memoize', 'off', true),
       set_config('parallel_tuple_cost', '0.01', true)
"""
_WORKING = re.compile(r"\bsample_(left_out|alias|quota|short|drawn)\b")
_EVERYTHING = 2**63 - 1  # the largest hash


class NothingToSample(Conflict):
    """The frame is empty: there is nothing that people could be asked about."""

    code = "nothing_to_sample"


def fill_sample(sample: Sample, frame: Frame, config: SamplingConfig, budget: int | None) -> dict[str, Any]:
    """Draw items and slots, in the caller's transaction. Returns what was drawn and what was left out, for the
    sample's page. Raises NothingToSample."""
    drawing = _Drawing(sample, frame, config)
    done_before = drawing.begin()
    raw, counts = drawing.frequencies()
    concepts, place = np.unique(drawing.canonical(raw), return_inverse=True)
    found = np.stack([concepts, np.bincount(place, weights=counts).astype(np.int64)], axis=1)
    frequent = found[found[:, 1] >= config.min_frequency]
    chosen = frequent[most_frequent(frequent[:, 1], config.max_concepts)]
    if not len(chosen):
        raise NothingToSample(
            _(
                "There is nothing to ask people about: of %(found)s regions none is left whose tag stands on at least "
                "%(least)s regions and was not verified before. Annotate more photos first."
            )
            % {"found": int(found[:, 1].sum()), "least": config.min_frequency}
        )
    draw = draw_counts(
        chosen[:, 1], np.random.default_rng(sample.seed), low=config.low, high=config.high, budget=budget
    )
    drawing.draw_units(raw, concepts[place], chosen, draw)
    items = drawing.insert_items()
    return {
        "regions": int(chosen[:, 1].sum()),
        "concepts": len(chosen),
        "items": items,
        "asked_for": draw.total,
        "left_out": {
            "regions_verified_before": done_before,
            "concepts_below_minimum": len(found) - len(frequent),
            "regions_below_minimum": int(found[:, 1].sum() - frequent[:, 1].sum()),
            "concepts_cut": len(frequent) - len(chosen),
            "regions_cut": int(frequent[:, 1].sum() - chosen[:, 1].sum()),
        },
    }


class _Drawing:
    """The working tables of one sample, and the statements that use them, in the order in which they are to be used."""

    def __init__(self, sample: Sample, frame: Frame, config: SamplingConfig) -> None:
        self._frame, self._units = frame, frame.units
        self._suffix = sample.pk
        self._values: dict[str, Any] = {
            "sample": sample.pk,
            "project_id": sample.project_id,
            "annotated": sample.annotated_loop_id,
            "seed": sample.seed,
            "overlap": sample.overlap,
            "offset": config.first_images - 1,
        }

    def begin(self) -> int:
        """Make the working tables. Returns how many units are left out because of what was asked before."""
        self._run(_SETTINGS)
        last = self._run(_LAST_IMAGE)
        self._values["last_image"] = last[0][0] if last else 2**62
        for table in _TABLES:
            self._run(table)
        self._run(f"INSERT INTO sample_alias {ALIASES_SQL}")
        self._run(f"INSERT INTO sample_left_out {self._frame.left_out}")
        self._run("ANALYZE sample_left_out, sample_alias")
        ((left_out,),) = self._run("SELECT count(*) FROM sample_left_out")
        # An empty table would be asked once per region: a third of the time of each pass.
        if left_out:
            self._units = f"{self._frame.units} {self._frame.unless_left_out}"
        return int(left_out)

    def frequencies(self) -> tuple[Ints, Ints]:
        """`(n,)` the concepts of the units, aliases not resolved, in no order, and `(n,)` how many units each has."""
        with connection.cursor(), connection.connection.cursor() as raw:
            statement = f"COPY ({_FREQUENCIES.format(units=self._units)}) TO STDOUT BINARY"
            with raw.copy(self._named(statement), self._values) as copy:
                data = b"".join([bytes(block) for block in copy])
        rows = np.frombuffer(data[len(HEADER) : -len(TRAILER)], dtype=_PAIR)
        return rows["first"].astype(np.int64), rows["second"].astype(np.int64)

    def canonical(self, concepts: Ints) -> Ints:
        """`(n,)` what each concept stands for: itself, where it is no alias."""
        aliases = np.array(self._run("SELECT concept_id, stands_for FROM sample_alias ORDER BY 1"), dtype=np.int64)
        if not len(aliases):
            return concepts
        place = np.minimum(np.searchsorted(aliases[:, 0], concepts), len(aliases) - 1)
        return np.where(aliases[place, 0] == concepts, aliases[place, 1], concepts)

    def draw_units(self, raw: Ints, canonical: Ints, chosen: Ints, draw: Draw) -> None:
        """Find the units with the smallest hashes of each concept, in one pass.

        raw, canonical: `(n,)` concepts of units and what they stand for; chosen: `(m, 2)` concepts that may be drawn,
        ascending, and frequencies; draw: `(m,)`.
        """
        place = np.minimum(np.searchsorted(chosen[:, 0], canonical), len(chosen) - 1)
        wanted = (chosen[place, 0] == canonical) & (draw.counts[place] > 0)
        place = place[wanted]
        cut = hash_cut(draw.counts, chosen[:, 1])
        columns: list[Column] = [
            Scalar(raw[wanted], "i8"),
            Scalar(canonical[wanted], "i8"),
            Scalar(draw.counts[place], "i8"),
            Scalar(_largest_hash(cut)[place], "i8"),
            Scalar(draw.probabilities[place], "f8"),
        ]
        statement = self._named("COPY sample_quota FROM STDIN BINARY")
        with connection.cursor(), connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for block in binary_rows(columns, len(place)):
                copy.write(block)
        self._run("ANALYZE sample_quota")
        self._run(f"CREATE UNLOGGED TABLE sample_drawn AS {_DRAWN.format(units=self._units, quotas='sample_quota')}")
        self._look_again()
        self._run("ANALYZE sample_drawn")

    def _look_again(self) -> None:
        """Draw anew, from all of their units, the concepts that had too few hashes below their cut."""
        self._run(f"INSERT INTO sample_short {_SHORT}")
        self._run("ANALYZE sample_short")
        self._run("DELETE FROM sample_drawn drawn USING sample_short short WHERE short.stands_for = drawn.concept_id")
        self._run(f"INSERT INTO sample_drawn {_DRAWN.format(units=self._units, quotas='sample_short')}")

    def insert_items(self) -> int:
        """Items and slots of what was drawn. Returns the number of items."""
        with connection.cursor() as cursor:
            cursor.execute(self._named(self._frame.items), self._values)
            items = int(cursor.rowcount)
        self._run(_SLOTS)
        self._run("DROP TABLE sample_drawn, sample_short, sample_quota, sample_left_out, sample_alias")
        return items

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(self._named(statement), self._values if "%(" in statement else None)
            return list(cursor.fetchall()) if cursor.description else []

    def _named(self, statement: str) -> str:
        """With the working tables' names: other samples may be drawn at the same time."""
        return _WORKING.sub(rf"sample_\1_{self._suffix}", statement)


def _largest_hash(cut: Floats) -> Ints:
    """`(n,)` the hash at which a share `cut` of the range of all hashes ends."""
    bound = np.floor(np.minimum(cut, 1 - 2.0**-53) * 2.0**64 - 2.0**63).astype(np.int64)
    return np.where(cut >= 1, _EVERYTHING, bound)


_PAIR = np.dtype([("columns", ">i2"), ("size1", ">i4"), ("first", ">i8"), ("size2", ">i4"), ("second", ">i8")])

_LAST_IMAGE = """
SELECT id FROM annotation_image WHERE project_id = %(project_id)s ORDER BY id OFFSET %(offset)s LIMIT 1
"""

# Quotas stand at what concepts are called in the annotations, aliases too, so that no pass has to resolve them.
_QUOTAS = "(concept_id bigint PRIMARY KEY, stands_for bigint, count bigint, cut bigint, probability float8)"
_TABLES = (
    "CREATE UNLOGGED TABLE sample_left_out (region_id bigint PRIMARY KEY)",
    "CREATE UNLOGGED TABLE sample_alias (concept_id bigint PRIMARY KEY, stands_for bigint, display text)",
    f"CREATE UNLOGGED TABLE sample_quota {_QUOTAS}",
    f"CREATE UNLOGGED TABLE sample_short {_QUOTAS}",
)

_FREQUENCIES = "SELECT concept_id, count(*) FROM ({units}) frame GROUP BY concept_id"

# The smallest hashes of each concept. The hash depends on unit and seed alone, so the draw can be repeated.
_DRAWN = """
SELECT unit_id, concept_id, probability FROM (
    SELECT frame.unit_id, quota.stands_for AS concept_id, quota.probability, quota.count,
           row_number() OVER (PARTITION BY quota.stands_for
                              ORDER BY hashint8extended(frame.unit_id, %(seed)s::bigint), frame.unit_id) AS place
    FROM ({units}) frame JOIN {quotas} quota ON quota.concept_id = frame.concept_id
    WHERE hashint8extended(frame.unit_id, %(seed)s::bigint) <= quota.cut
) ranked WHERE place <= count
"""
_SHORT = f"""
SELECT quota.concept_id, quota.stands_for, quota.count, {_EVERYTHING}, quota.probability
FROM sample_quota quota
LEFT JOIN (SELECT concept_id, count(*) AS taken FROM sample_drawn GROUP BY concept_id) had
  ON had.concept_id = quota.stands_for
WHERE coalesce(had.taken, 0) < quota.count
"""  # noqa: S608  # made of constants

# The slots of an item stand together: items are finished one after the other, and an early stop leaves few half done.
_SLOTS = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state)
SELECT %(sample)s, item.id, 0, slot, item.id * 16 + slot, 'open'
FROM verification_sampleitem item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot
WHERE item.sample_id = %(sample)s
ORDER BY item.id, slot
"""
