"""Kind `regions`, the paper's instance (V1, appendix A, Q8): photo, box, tag, question-answer pairs, caption. Pure."""

from verification.exports.records import Record, bbox_record, image_record, provenance_record
from verification.selectors.concept_names import ConceptNames
from verification.selectors.descriptions import Description
from verification.selectors.verified_batches import RegionRow

SCHEMA = "regions-1"


def region_record(region: RegionRow, names: ConceptNames, description: Description) -> Record:
    """The tag is verified; pairs and caption are the models' words about that tag, as `verified` says.

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
        "qa": [{"question": question, "answer": answer} for question, answer in description.pairs],
        "caption": description.caption,
        "verified": ["tag"],
        "loop": region.decided.loop_number,
        "provenance": provenance_record(region.decided),
    }
