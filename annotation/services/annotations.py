"""Write what a shard found: staged with COPY, inserted once. The only writers of the pipeline's rows.

Each function is called in the transaction that also marks the shard as done (annotation/services/stage_runs.py), with
concept ids that were looked up before it (annotation/services/concepts.py). Rows that are there already are left as
they are, so a shard that runs again replaces nothing and adds nothing. All return how many rows were new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from annotation.pipeline.cleaning import size_classes
from annotation.pipeline.description import Description
from annotation.pipeline.matching import Ranking
from annotation.pipeline.ports import Candidate, Floats
from annotation.pipeline.regions import ImageRegions
from annotation.pipeline.tags import ImageTags
from annotation.services.bulk import AnnotationRows, RegionRows, insert_region_annotations, insert_regions
from annotation.services.copy_format import Column, Ragged, Scalar, Text, binary_rows
from webapp.core.errors import BadInput
from webapp.core.ids import reserve_ids

ConceptIds = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourceProducer:
    """A proposal source, its place in the roster and its producer. `is_import`: its boxes are regions already."""

    place: int
    kind: str
    producer_id: int
    is_import: bool


@dataclass(frozen=True, slots=True)
class RankedRegions:
    """Regions of one image with their rankings, parallel; boxes `(n, 4)` px of the original."""

    image_id: int
    region_ids: Sequence[int]
    boxes: Floats
    rankings: Sequence[Ranking]


@dataclass(frozen=True, slots=True)
class DescribedRegions:
    """Regions of one image with what is said about them, parallel; concept_ids: the tags asked about."""

    image_id: int
    region_ids: Sequence[int]
    concept_ids: Sequence[int]
    descriptions: Sequence[Description]


def write_image_tags(loop_id: int, images: Sequence[ImageTags], concepts: ConceptIds, producer_id: int) -> int:
    """One ImageAnnotation per image. `concepts`: ids of all candidates' texts."""
    lists = [_candidate_lists(image.candidates, concepts) for image in images]
    return _insert(
        "annotation_imageannotation",
        {
            "loop_id": Scalar(np.full(len(images), loop_id), "i8"),
            "image_id": Scalar(_ints(image.image_id for image in images), "i8"),
            "caption": Text([image.caption for image in images]),
            "concept_ids": _ragged([found[0] for found in lists], "i8"),
            "role_masks": _ragged([found[1] for found in lists], "i4"),
            "ranks": _ragged([found[2] for found in lists], "i2"),
            "parent_ids": _ragged([found[3] for found in lists], "i8"),
            "producer_id": Scalar(np.full(len(images), producer_id), "i8"),
        },
        len(images),
    )


def write_regions(
    loop_id: int,
    images: Sequence[ImageRegions],
    imported_ids: Mapping[int, Sequence[int]],
    sources: Sequence[SourceProducer],
    concepts: ConceptIds,
) -> int:
    """Regions that are new, and one RegionCandidates row for each that takes part in the loop.

    imported_ids: by image, the regions behind its imported boxes. Candidates that a cancelled loop left on these
    images are replaced. Raises BadInput when the database refuses a box.
    """
    region_ids = {image.image_id: np.zeros(len(image.regions), dtype=np.int64) for image in images}
    new = 0
    for source in sources:
        if source.is_import:
            _take_imported(images, source, imported_ids, region_ids)
        else:
            new += _insert_proposals(images, source, concepts, region_ids)
    _forget_other_loops(loop_id, [image.image_id for image in images])
    pairs = [(image, place) for image in images for place in range(len(image.regions))]
    lists = [_candidate_lists(image.own[place], concepts) for image, place in pairs]
    _insert(
        "annotation_regioncandidates",
        {
            "region_id": Scalar(_ints(region_ids[image.image_id][place] for image, place in pairs), "i8"),
            "image_id": Scalar(_ints(image.image_id for image, _ in pairs), "i8"),
            "loop_id": Scalar(np.full(len(pairs), loop_id), "i8"),
            "concept_ids": _ragged([found[0] for found in lists], "i8"),
            "role_masks": _ragged([found[1] for found in lists], "i4"),
            "ranks": _ragged([found[2] for found in lists], "i2"),
        },
        len(pairs),
    )
    return new


def write_matches(loop_id: int, images: Sequence[RankedRegions], concepts: ConceptIds, producer_id: int) -> int:
    """One RegionMatch per region that has candidates. Its scores are the matcher's own, before any segmenter."""
    rows = [row for row in _rows(images) if row[3]]
    rankings = [row[3] for row in rows]
    return _insert(
        "annotation_regionmatch",
        {
            "loop_id": Scalar(np.full(len(rows), loop_id), "i8"),
            "region_id": Scalar(_ints(row[1] for row in rows), "i8"),
            "image_id": Scalar(_ints(row[0] for row in rows), "i8"),
            "concept_ids": _ragged(_concept_lists(rankings, concepts), "i8"),
            "scores": _ragged([[entry.raw for entry in ranking] for ranking in rankings], "f4", np.float64),
            "role_masks": _ragged(_mask_lists(rankings), "i4"),
            "raw_score": Scalar(_best_raw(rankings), "f4"),
            "producer_id": Scalar(np.full(len(rows), producer_id), "i8"),
        },
        len(rows),
    )


def write_annotations(loop_id: int, images: Sequence[RankedRegions], concepts: ConceptIds, producer_id: int) -> int:
    """One RegionAnnotation per region. Raises BadInput when one is refused: it should have been checked before."""
    rows = list(_rows(images))
    if not rows:
        return 0
    rankings = [row[3] for row in rows]
    concept_ids = _ragged(_concept_lists(rankings, concepts), "i8")
    result = insert_region_annotations(
        AnnotationRows(
            loop_id=loop_id,
            producer_id=producer_id,
            image_ids=_ints(row[0] for row in rows),
            region_ids=_ints(row[1] for row in rows),
            concept_ids=concept_ids.values,
            scores=_ragged([[entry.score for entry in ranking] for ranking in rankings], "f4", np.float64).values,
            role_masks=_ragged(_mask_lists(rankings), "i4").values,
            counts=concept_ids.counts,
            raw_scores=_best_raw(rankings),
            size_classes=size_classes(np.array([row[2] for row in rows], dtype=np.float64).reshape(-1, 4)),
        )
    )
    if result.refused:
        first = result.refused[0]
        raise BadInput(f"region {rows[first.row][1]}: {first.message}", code=first.code)
    return result.inserted


_CAPTIONS = """
UPDATE annotation_regionannotation annotation SET caption = said.caption, caption_producer_id = %s
FROM unnest(%s::bigint[], %s::text[]) AS said (region_id, caption)
WHERE annotation.loop_id = %s AND annotation.region_id = said.region_id AND annotation.caption_producer_id IS NULL
"""


def write_descriptions(
    loop_id: int, images: Sequence[DescribedRegions], answer_producer_id: int, caption_producer_id: int
) -> int:
    """Question-answer pairs, and the captions of regions that have none yet."""
    said = [
        (image.image_id, region_id, concept_id, description)
        for image in images
        for region_id, concept_id, description in zip(
            image.region_ids, image.concept_ids, image.descriptions, strict=True
        )
    ]
    pairs = [
        (image_id, region_id, concept_id, ordinal, question, answer)
        for image_id, region_id, concept_id, description in said
        for ordinal, (question, answer) in enumerate(zip(description.questions, description.answers, strict=True))
    ]
    new = _insert(
        "annotation_questionanswer",
        {
            "loop_id": Scalar(np.full(len(pairs), loop_id), "i8"),
            "id": Scalar(reserve_ids("question_answer_id_block", len(pairs)), "i8"),
            "image_id": Scalar(_ints(pair[0] for pair in pairs), "i8"),
            "region_id": Scalar(_ints(pair[1] for pair in pairs), "i8"),
            "concept_id": Scalar(_ints(pair[2] for pair in pairs), "i8"),
            "ordinal": Scalar(_ints(pair[3] for pair in pairs), "i2"),
            "question": Text([pair[4] for pair in pairs]),
            "answer": Text([pair[5] for pair in pairs]),
            "producer_id": Scalar(np.full(len(pairs), answer_producer_id), "i8"),
        },
        len(pairs),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _CAPTIONS,
            [caption_producer_id, [row[1] for row in said], [row[3].caption for row in said], loop_id],
        )
    return new


def _take_imported(
    images: Sequence[ImageRegions],
    source: SourceProducer,
    imported_ids: Mapping[int, Sequence[int]],
    region_ids: Mapping[int, Any],
) -> None:
    for image in images:
        mine = np.flatnonzero(image.regions.sources == source.place)
        known = np.array(imported_ids.get(image.image_id, ()), dtype=np.int64)
        region_ids[image.image_id][mine] = known[image.regions.indices[mine]]


def _insert_proposals(
    images: Sequence[ImageRegions], source: SourceProducer, concepts: ConceptIds, region_ids: Mapping[int, Any]
) -> int:
    """Write the boxes that became regions and came from this source; note their ids. How many were new."""
    places = {image.image_id: np.flatnonzero(image.regions.sources == source.place) for image in images}
    pairs = [(image, int(place)) for image in images for place in places[image.image_id]]
    if not pairs:
        return 0
    tags = _ragged([_own_tags(image, place, concepts) for image, place in pairs], "i8")
    result = insert_regions(
        RegionRows(
            producer_id=source.producer_id,
            kind=source.kind,
            image_ids=_ints(image.image_id for image, _ in pairs),
            boxes=np.array([image.regions.boxes[place] for image, place in pairs], dtype=np.float64).reshape(-1, 4),
            scores=np.array([image.regions.scores[place] for image, place in pairs], dtype=np.float64),
            external_ids=[image.regions.keys[place] or "" for image, place in pairs],
            tag_ids=tags.values,
            tag_counts=tags.counts,
        )
    )
    if result.refused:
        first = result.refused[0]
        raise BadInput(f"a region of image {pairs[first.row][0].image_id}: {first.message}", code=first.code)
    for (image, place), region_id in zip(pairs, result.ids.tolist(), strict=True):
        region_ids[image.image_id][place] = region_id
    return result.inserted


def _own_tags(image: ImageRegions, place: int, concepts: ConceptIds) -> list[int]:
    """Concepts that the region's own box was called by its own source; what other sources merged in is left out."""
    regions = image.regions
    own = (regions.sources[place], regions.indices[place])
    named = [support.text for support in regions.tags[place] if (support.source, support.box) == own]
    return list(dict.fromkeys(concepts[text] for text in named if text in concepts))


def _forget_other_loops(loop_id: int, image_ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM annotation_regioncandidates WHERE image_id = ANY(%s::bigint[]) AND loop_id <> %s",
            [image_ids, loop_id],
        )


def _candidate_lists(
    candidates: Iterable[Candidate], concepts: ConceptIds
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Concept ids, masks, ranks and parents' ids (0: none) of the candidates whose text is a concept."""
    known = [candidate for candidate in candidates if candidate.text in concepts]
    return (
        [concepts[candidate.text] for candidate in known],
        [int(candidate.roles) for candidate in known],
        [min(candidate.rank, 32_767) for candidate in known],
        [concepts.get(candidate.parent or "", 0) for candidate in known],
    )


def _rows(images: Sequence[RankedRegions]) -> Iterable[tuple[int, int, list[float], Ranking]]:
    for image in images:
        for region_id, box, ranking in zip(image.region_ids, image.boxes.tolist(), image.rankings, strict=True):
            yield image.image_id, region_id, box, ranking


def _concept_lists(rankings: Sequence[Ranking], concepts: ConceptIds) -> list[list[int]]:
    return [[concepts[entry.candidate.text] for entry in ranking] for ranking in rankings]


def _mask_lists(rankings: Sequence[Ranking]) -> list[list[int]]:
    return [[int(entry.candidate.roles) for entry in ranking] for ranking in rankings]


def _best_raw(rankings: Sequence[Ranking]) -> Floats:
    return np.array([max(entry.raw for entry in ranking) for ranking in rankings], dtype=np.float64)


def _ints(values: Iterable[Any]) -> Any:
    return np.fromiter((int(value) for value in values), dtype=np.int64)


def _ragged(lists: Sequence[Sequence[float]], kind: str, dtype: Any = np.int64) -> Ragged:
    counts = np.array([len(values) for values in lists], dtype=np.int64)
    padded = np.zeros((len(lists), int(counts.max(initial=0))), dtype=dtype)
    for place, values in enumerate(lists):
        padded[place, : len(values)] = values
    return Ragged(padded, counts, kind)


def _insert(table: str, columns: Mapping[str, Column], count: int) -> int:
    """COPY into a temporary table, then insert what is not there yet. Table and columns are constants of ours."""
    if not count:
        return 0
    stage, names = f"{table}_stage", ", ".join(columns)
    make = f"CREATE TEMP TABLE IF NOT EXISTS {stage} ON COMMIT DELETE ROWS AS SELECT {names} FROM {table} LIMIT 0"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(make)
        with connection.connection.cursor() as raw, raw.copy(f"COPY {stage} ({names}) FROM STDIN BINARY") as copy:
            for block in binary_rows(list(columns.values()), count):
                copy.write(block)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {stage} ON CONFLICT DO NOTHING")  # noqa: S608
        new = int(cursor.rowcount)
        cursor.execute(f"TRUNCATE {stage}")
    return new
