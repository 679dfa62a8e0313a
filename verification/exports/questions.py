"""Kind `qa`: one record per verified question-answer pair. Pure."""

from verification.exports.records import Record, bbox_record, image_record
from verification.selectors.concept_names import ConceptNames
from verification.selectors.qa_batches import PairRow

SCHEMA = "qa-1"


def qa_record(pair: PairRow, names: ConceptNames) -> Record:
    """`answer` is the right one; `choice` says whether it is the models' own, a person's, or the sentence that there is
    none."""
    return {
        "schema": SCHEMA,
        "region": pair.region_id,
        "image": image_record(pair.columns),
        "bbox": bbox_record(pair.columns),
        "pair": pair.pair_id,
        "tag": names.display(pair.concept_id),
        "question": pair.question,
        "answer": pair.answer,
        "choice": pair.choice,
        "loop": pair.loop_number,
        "judged_on": pair.last_on,
    }
