"""Stage `tag`: the image-level candidates of a photo, each with the roles that proposed it.

Spotter, OCR, imaginator and splitter (papers V1, section 3.3 and appendix B.2.1). What was imported for the
photo counts as well: the name of one imported box may fit another region.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .batches import Batch, Failure, answers_of
from .checks import check_spotting, check_tags
from .concepts import normalise
from .offensive import is_offensive
from .ports import Backends, Candidate, Imaginator, Named, ProducerIdentity, Splitter
from .ports import ImageInput as Image
from .roles import Role

IMPORTED: Final = Named(ProducerIdentity("import", "tags", "1", ""), None)
"""Stands in error texts for the labels that came with the photo."""


@dataclass(frozen=True, slots=True)
class ImageTags:
    """The overall caption ("" if none) and the candidates shared by all regions of one photo."""

    image_id: int
    caption: str
    candidates: tuple[Candidate, ...]

    @property
    def texts(self) -> list[str]:
        return [candidate.text for candidate in self.candidates]


def tag_images(images: Sequence[Image], backends: Backends, *, max_tags: int = 200) -> list[ImageTags | Failure]:
    """Image-level candidates, at most `max_tags` per photo, in the order spotter, imported, OCR, splitter,
    imaginator. One result or failure per photo."""
    batch = Batch("tag", images)
    spotter = backends.spotter
    spotted = batch.ask(
        "spotter",
        spotter,
        lambda at: spotter.backend.spot(batch.images_at(at)),
        lambda _, answer: check_spotting(answer),
    )
    imported = batch.ask(
        "imported", IMPORTED, lambda at: [imported_tags(images[i]) for i in at], lambda _, answer: check_tags(answer)
    )
    read: dict[int, tuple[str, ...]] = {}
    if (ocr := backends.ocr) is not None:
        read = batch.ask(
            "ocr",
            ocr,
            lambda at: ocr.backend.read(batch.images_at(at)),
            lambda _, answer: check_tags(answer),
        )
    things = {at: check_tags((*spotted[at][1], *imported[at])) for at in batch.alive}
    imagined: dict[int, tuple[str, ...]] = {}
    if backends.imaginator is not None:
        imagined = _imagine(batch, backends.imaginator, {at: spotted[at][0] for at in batch.alive}, things)
    parts: dict[int, list[tuple[str, str]]] = {}
    if backends.splitter is not None:
        parts = _split(batch, backends.splitter, things)
    results = {}
    for at in batch.alive:
        candidates = [
            *_candidates(spotted[at][1], Role.SPOTTER),
            *_candidates(imported[at], Role.IMPORTED),
            *_candidates(read.get(at, ()), Role.OCR),
            *(Candidate(part, Role.SPLITTER, rank, parent) for rank, (part, parent) in enumerate(parts.get(at, ()))),
            *_candidates(imagined.get(at, ()), Role.IMAGINATOR),
        ]
        results[at] = ImageTags(images[at].image_id, spotted[at][0], admit(candidates)[:max_tags])
    return batch.results(results)


def imported_tags(image: Image) -> list[str]:
    """Labels imported for the photo, then the names of its imported boxes, each once."""
    return [*image.imported_tags, *(text for texts in image.imported.tags for text in texts)]


def admit(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each text once (by its normalised form), with the bits of all who proposed it; none that is offensive.

    The first mention gives spelling, rank and parent; a mention that is not derived from another tag clears
    the parent.
    """
    merged: dict[str, Candidate] = {}
    for candidate in candidates:
        key = normalise(candidate.text)
        known = merged.get(key)
        if known is not None:
            parent = known.parent if candidate.parent is not None else None
            merged[key] = Candidate(known.text, known.roles | candidate.roles, known.rank, parent)
        elif not is_offensive(key):
            merged[key] = candidate
    return tuple(merged.values())


def _candidates(texts: Iterable[str], role: Role) -> list[Candidate]:
    return [Candidate(text, role, rank) for rank, text in enumerate(texts)]


def _imagine(
    batch: Batch, imaginator: Named[Imaginator], captions: dict[int, str], things: dict[int, tuple[str, ...]]
) -> dict[int, tuple[str, ...]]:
    return batch.ask(
        "imaginator",
        imaginator,
        lambda at: imaginator.backend.imagine([captions[i] for i in at], [things[i] for i in at]),
        lambda _, answer: check_tags(answer),
    )


def _split(
    batch: Batch, splitter: Named[Splitter], things: dict[int, tuple[str, ...]]
) -> dict[int, list[tuple[str, str]]]:
    """Position -> (part, what it is a part of). Every tag of the batch is split once."""
    texts = list(dict.fromkeys(text for tags in things.values() for text in tags))
    parts = answers_of(texts, splitter.backend.split, lambda _, answer: check_tags(answer))
    split: dict[int, list[tuple[str, str]]] = {}
    for at, tags in things.items():
        split[at] = []
        for tag in tags:
            outcome = parts[tag]
            if isinstance(outcome, Exception):
                batch.fail(at, "splitter", splitter, outcome)
                break
            split[at].extend((part, tag) for part in outcome)
    return split
