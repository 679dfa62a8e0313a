"""Kind `captions`: one record per region with a caption all of whose answers people have verified. Pure."""

from verification.exports.records import Record, bbox_record, image_record, provenance_record
from verification.selectors.concept_names import ConceptNames
from verification.selectors.descriptions import Description
from verification.selectors.verified_batches import RegionRow

SCHEMA = "captions-1"


def caption_record(region: RegionRow, names: ConceptNames, description: Description) -> Record | None:
    """None where there is no verified caption about the region's effective tag."""
    effective = region.decided.effective
    if effective is None or not description.caption or not description.caption_verified:
        return None
    return {
        "schema": SCHEMA,
        "region": region.decided.region_id,
        "image": image_record(region.columns),
        "bbox": bbox_record(region.columns),
        "tag": names.display(effective.concept_id),
        "caption": description.caption,
        "loop": region.decided.loop_number,
        "provenance": provenance_record(region.decided),
    }
