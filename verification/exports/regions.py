"""Kind `regions`: the instance of the paper (V1, appendix A, Q8): photo, box, tag, question-answer pairs, caption. Pure."""

from verification.exports.records import Record, bbox_record, image_record, provenance_record
from verification.selectors.concept_names import ConceptNames
from verification.selectors.descriptions import Description
from verification.selectors.verified_batches import RegionRow

SCHEMA = "regions-1"


def region_record(region: RegionRow, names: ConceptNames, description: Description) -> Record | None:
    """None for a region without an accepted tag: it has nothing that the paper's instance needs.

    The tag is verified; pairs and caption are the models' words about that tag, as `verified` says.
    """
    effective = region.decided.effective
    if effective is None:
        return None
    return {
        "schema": SCHEMA,
        "region": region.row.region_id,
        "image": image_record(region.row),
        "bbox": bbox_record(region.row),
        "tag": names.display(effective.concept_id),
        "qa": [{"question": question, "answer": answer} for question, answer in description.pairs],
        "caption": description.caption,
        "verified": ["tag"],
        "loop": region.decided.loop_number,
        "provenance": provenance_record(region.decided),
    }
