"""The parts that records of several kinds share. Pure."""

from functools import lru_cache
from typing import Any

from annotation.pipeline.roles import names_of
from verification.selectors.concept_names import ConceptNames
from verification.selectors.verified import TagDecision, VerifiedRegion
from verification.selectors.verified_batches import RegionColumns

Record = dict[str, Any]


def image_record(columns: RegionColumns) -> Record:
    """The photo: its address if it has one, the key of the stored file if there is one, and what identifies it."""
    return {
        "url": columns.url or None,
        "path": columns.original or None,
        "name": columns.name,
        "sha256": columns.sha256,
        "width": columns.width,
        "height": columns.height,
        "licence": columns.licence or None,
    }


def bbox_record(columns: RegionColumns) -> list[float]:
    """[x1, y1, x2, y2] in pixels of the EXIF-rotated original, x2/y2 exclusive, to 0.01 px."""
    return [round(columns.x1, 2), round(columns.y1, 2), round(columns.x2, 2), round(columns.y2, 2)]


def tag_records(decisions: tuple[TagDecision, ...], names: ConceptNames) -> list[Record]:
    """Tags, best first, with the score they were shown with, who proposed them, and the loop that judged them."""
    return [
        {"tag": names.display(concept_id), "score": round(score, 4), "sources": _source_names(mask), "loop": loop}
        for concept_id, score, mask, loop, _annotated_loop in decisions
    ]


def provenance_record(decided: VerifiedRegion) -> Record:
    """How the judgement came about, without saying whose it is."""
    return {
        "people": decided.people,
        "agreement": round(decided.agreement, 4),
        "first_judged_on": decided.first_on,
        "last_judged_on": decided.last_on,
    }


@lru_cache(maxsize=4096)
def _source_names(mask: int) -> tuple[str, ...]:
    return names_of(mask)
