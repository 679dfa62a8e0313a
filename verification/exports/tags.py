"""Kind `tags`: one record per verified region, with everything people accepted and rejected. Pure."""

from verification.exports.records import Record, bbox_record, image_record, provenance_record, tag_records
from verification.selectors.concept_names import ConceptNames
from verification.selectors.verified_batches import RegionRow

SCHEMA = "tags-1"


def tag_record(region: RegionRow, names: ConceptNames) -> Record:
    """A region whose candidates were all rejected is there too, with tag null: what people refused is knowledge."""
    decided, effective = region.decided, region.decided.effective
    return {
        "schema": SCHEMA,
        "region": region.decided.region_id,
        "image": image_record(region.columns),
        "bbox": bbox_record(region.columns),
        "tag": names.display(effective.concept_id) if effective else None,
        "accepted": tag_records(decided.accepted, names),
        "rejected": tag_records(decided.rejected, names),
        "loop": decided.loop_number,
        "provenance": provenance_record(decided),
    }
