"""The tags of one region as the side panel shows them: the model's ranking, with what people said beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise

from annotation.labels import role_labels
from annotation.selectors.explore.concepts import ConceptName
from annotation.selectors.explore.photos import SeenRegion
from annotation.selectors.judgements import Judgement


@dataclass(frozen=True, slots=True)
class TagRow:
    """One line. ruling: "right", "wrong" or "" when nobody judged it; people: how many did."""

    concept_id: int
    tag: str
    roles: tuple[Promise, ...]
    score: float | None
    ruling: str
    people: int


def tag_rows(region: SeenRegion, judgement: Judgement | None, names: Mapping[int, ConceptName]) -> list[TagRow]:
    """Right and unjudged tags in the model's order, then the wrong ones; also those that only people saw."""
    rulings: dict[int, tuple[bool, int]] = {}
    if judgement is not None:
        for decision in judgement.decisions:
            rulings.setdefault(names[decision.concept_id].concept_id, (decision.is_right, decision.role_mask))
    people = judgement.people if judgement is not None else 0
    rows = []
    seen: set[int] = set()
    for concept_id, score, mask in zip(region.concept_ids, region.scores, region.role_masks, strict=True):
        name = names[concept_id]
        if name.concept_id in seen:  # two names of one concept, merged since
            continue
        seen.add(name.concept_id)
        rows.append(_row(name.concept_id, name.display, mask, score, rulings.get(name.concept_id), people))
    unseen = [(key, ruling) for key, ruling in rulings.items() if key not in seen]
    displays = {name.concept_id: name.display for name in names.values()}
    rows += [_row(key, displays[key], ruling[1], None, ruling, people) for key, ruling in unseen]
    return sorted(rows, key=lambda row: row.ruling == "wrong")


def main_tag(region: SeenRegion, judgement: Judgement | None, names: Mapping[int, ConceptName]) -> str:
    """The tag that counts: the accepted one, else the model's first; "" when people rejected all or there is none."""
    if judgement is not None:
        return names[judgement.accepted.concept_id].display if judgement.accepted else ""
    return names[region.concept_ids[0]].display if region.concept_ids else ""


def _row(
    concept_id: int, tag: str, mask: int, score: float | None, ruling: tuple[bool, int] | None, people: int
) -> TagRow:
    if ruling is None:
        return TagRow(concept_id, tag, role_labels(mask), score, "", 0)
    return TagRow(concept_id, tag, role_labels(mask), score, "right" if ruling[0] else "wrong", people)
