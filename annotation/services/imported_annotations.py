"""Boxes and captions that came with photos, as regions and captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from annotation.importers.records import BoxRecord, CaptionRecord, Problem
from annotation.models import ImportedCaption
from annotation.services.bulk import RegionRows, insert_regions
from annotation.services.concepts import concept_ids_for

MAX_TAGS = 50  # names of one box
MAX_CAPTION_ID = 100


def concepts_of(records: Sequence[BoxRecord]) -> dict[str, int]:
    """The concept of every tag text in the batch. Call it before the transaction (see concept_ids_for)."""
    return concept_ids_for({text for record in records for text, _ in record.tags})


def write_boxes(
    records: Sequence[BoxRecord], image_ids: Sequence[int], producer_id: int, concepts: Mapping[str, int]
) -> tuple[int, int, list[Problem]]:
    """Write boxes as regions of the images named beside them: (new, already there, problems of refused ones).

    `concepts` is what `concepts_of` answered. Idempotent.
    """
    new, existing = 0, 0
    problems: list[Problem] = []
    ordered = sorted(zip(records, image_ids, strict=True), key=lambda pair: pair[0].kind)
    for kind, group in groupby(ordered, key=lambda pair: pair[0].kind):
        pairs = list(group)
        chosen = [record for record, _ in pairs]
        result = insert_regions(region_rows(chosen, [image for _, image in pairs], producer_id, concepts, kind))
        new += result.inserted
        existing += result.existing
        for refused in result.refused:
            record = chosen[refused.row]
            problems.append(Problem(record.file, record.item, refused.code, refused.message))
    return new, existing, problems


def region_rows(
    records: Sequence[BoxRecord], image_ids: Sequence[int], producer_id: int, concepts: Mapping[str, int], kind: str
) -> RegionRows:
    """The batch as arrays. Tags that name one concept twice count once."""
    tags = [
        # One name is what nearly all boxes have; the call would cost more than the work.
        (concepts.get(record.tags[0][0]),) if len(record.tags) == 1 else _tag_ids(record, concepts)
        for record in records
    ]
    flat = np.array([tag or 0 for row in tags for tag in row], dtype=np.int64)
    counts = np.fromiter(map(len, tags), dtype=np.int64, count=len(tags))
    tag_ids = np.zeros((len(tags), int(counts.max(initial=0))), dtype=np.int64)
    tag_ids[np.arange(tag_ids.shape[1]) < counts[:, None]] = flat
    counts = np.where(tag_ids.any(axis=1), counts, 0)  # a single name that can be no concept
    return RegionRows(
        producer_id=producer_id,
        kind=kind,
        image_ids=np.array(image_ids, dtype=np.int64),
        boxes=np.array([record.box for record in records], dtype=np.float64).reshape(-1, 4),
        scores=np.array([np.nan if record.score is None else record.score for record in records], dtype=np.float64),
        external_ids=[record.external_id for record in records],
        mask_rles=[record.mask_rle for record in records],
        tag_ids=tag_ids,
        tag_counts=counts,
    )


def _tag_ids(record: BoxRecord, concepts: Mapping[str, int]) -> tuple[int, ...]:
    found = dict.fromkeys(concepts[text] for text, _ in record.tags if text in concepts)
    return tuple(found)[:MAX_TAGS]


def write_captions(records: Sequence[CaptionRecord], image_ids: Sequence[int], producer_id: int) -> int:
    """Write captions that are not there yet; how many were new. Idempotent."""
    rows = [
        ImportedCaption(
            image_id=image,
            producer_id=producer_id,
            external_id=record.external_id[:MAX_CAPTION_ID],
            text=record.text,
        )
        for record, image in zip(records, image_ids, strict=True)
    ]
    before = _captions_of(set(image_ids), producer_id)
    ImportedCaption.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5_000)
    return _captions_of(set(image_ids), producer_id) - before


def _captions_of(image_ids: set[int], producer_id: int) -> int:
    return ImportedCaption.objects.filter(image_id__in=image_ids, producer_id=producer_id).count()
