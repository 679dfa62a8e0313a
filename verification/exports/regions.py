"""Kind `regions`, the paper's instance (V1, appendix A, Q8): photo, box, tag, question-answer pairs, caption. Pure."""

from verification.exports.records import Record, bbox_record, image_record, provenance_record
from verification.selectors.concept_names import ConceptNames
from verification.selectors.descriptions import Description
from verification.selectors.verified_batches import RegionRow

SCHEMA = "regions-1"


def region_record(region: RegionRow, names: ConceptNames, description: Description) -> Record:
    """The tag is verified; pairs and caption are about that tag, and unchecked where `verified` leaves them out.

    Raises ValueError for a region without an accepted tag: it has nothing of what the paper's instance needs.
    """
    effective = region.decided.effective
    if effective is None:
        raise ValueError(f"region {region.decided.region_id} has no right tag")
    return {
        "schema": SCHEMA,
        "region": region.decided.region_id,
        "image": image_record(region.columns),
        "bbox": bbox_record(region.columns),
        "tag": names.display(effective.concept_id),
        "qa": [{"question": pair.question, "answer": pair.answer} for pair in description.pairs],
        "caption": description.caption,
        "verified": _verified(description),
        "loop": region.decided.loop_number,
        "provenance": provenance_record(region.decided),
    }


def _verified(description: Description) -> list[str]:
    parts = ["tag"]
    if description.qa_verified:
        parts.append("qa")
    if description.caption and description.caption_verified:
        parts.append("caption")
    return parts
