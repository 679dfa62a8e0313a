"""Boxes without ids are identified by their coordinates, so equal ones of a photo are one region with more names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from annotation.importers.records import Box, BoxRecord, Record

MAX_HELD = 100_000  # boxes of one photo


def merge_equal_boxes(records: Iterator[Record]) -> Iterator[Record]:
    """Hold back the id-less boxes of a photo until another photo's begin; merge the tags of equal ones.

    The best score of each tag and of the box is kept. Everything else passes through in order.
    """
    held: dict[Box, BoxRecord] = {}
    key: object = None
    for record in records:
        if not isinstance(record, BoxRecord) or record.external_id:
            yield record
            continue
        if held and (record.image_key != key or len(held) >= MAX_HELD):
            yield from held.values()
            held = {}
        key = record.image_key
        other = held.get(record.box)
        held[record.box] = record if other is None else _merged(other, record)
    yield from held.values()


def _merged(first: BoxRecord, second: BoxRecord) -> BoxRecord:
    best: dict[str, float] = {}
    for text, score in (*first.tags, *second.tags):
        best[text] = max(score, best.get(text, score))
    tags = tuple(sorted(best.items(), key=lambda pair: -pair[1]))
    scores = [score for score in (first.score, second.score) if score is not None]
    return replace(first, tags=tags, score=max(scores, default=None), mask_rle=first.mask_rle or second.mask_rle)
