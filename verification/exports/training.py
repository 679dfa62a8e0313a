"""Verified data as the records of a training manifest (docs/training.md). Pure.

`align`: per photo the regions with their accepted tags as positives and their rejected candidates as extra negatives
(papers V1, appendix E.3). `generate`: per verified pair a question and its right answer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from verification.exports.records import Record, bbox_record
from verification.selectors.concept_names import ConceptNames
from verification.selectors.qa_batches import PairRow
from verification.selectors.verified import TagDecision
from verification.selectors.verified_batches import RegionColumns, RegionRow

SOURCE: Final = "human"
MOST_BOXES: Final = 200  # of one record: more regions of a photo go into further ones
MOST_ANSWER: Final = 20_000


def align_records(regions: Sequence[RegionRow], names: ConceptNames) -> list[Record]:
    """The records of one photo's regions. Regions about which nothing can be learned are left out."""
    taught = [(region.columns, tags) for region in regions if (tags := _tags(region, names))]
    return [
        {
            "task": "align",
            **_photo(chunk[0][0]),
            "boxes": [bbox_record(columns) for columns, _tags in chunk],
            "tags": [tags for _columns, tags in chunk],
            "source": SOURCE,
        }
        for chunk in (taught[start : start + MOST_BOXES] for start in range(0, len(taught), MOST_BOXES))
    ]


def generate_record(pair: PairRow) -> Record | None:
    """One pair as a conversation; None where a text is too long, or nothing but control characters."""
    question, answer = _speech(pair.question), _speech(pair.answer)
    if not question or not answer or max(len(question), len(answer)) > MOST_ANSWER:
        return None
    return {
        "task": "generate",
        **_photo(pair.columns),
        "boxes": [bbox_record(pair.columns)],
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}],
        "source": SOURCE,
    }


def is_stored(columns: RegionColumns) -> bool:
    """Whether there is a file to learn from: photos that are known by their address alone have none."""
    return bool(columns.original)


def _photo(columns: RegionColumns) -> Record:
    """`image` is the key of the stored file: the image folder is the media storage."""
    return {"image": columns.original, "width": columns.width, "height": columns.height}


def _tags(region: RegionRow, names: ConceptNames) -> Record:
    """Empty where nothing is left. A name that is both right and wrong (of two concepts) is right."""
    accepted = _texts(region.decided.accepted, names)
    known = {_plain(text) for text in accepted}
    rejected = [text for text in _texts(region.decided.rejected, names) if _plain(text) not in known]
    return {"accepted": accepted, "rejected": rejected} if accepted or rejected else {}


def _texts(decisions: Iterable[TagDecision], names: ConceptNames) -> list[str]:
    texts = (" ".join(_speech(names.display(tag.concept_id)).split()) for tag in decisions)
    return list(dict.fromkeys(text for text in texts if text))


def _plain(text: str) -> str:
    """As the trainer compares tags (ml/region_texts.py)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _speech(text: str) -> str:
    """Without control characters, which manifests refuse; lines and tabs stay."""
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) != "Cc")
    return "".join(kept).strip()
