"""Stage `localize`: regions by Algorithm 1 from all sources, and the candidates of one region alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .batches import Batch, Failure
from .checks import check_count, check_proposals, check_tags
from .localization import Regions, TagSupport, merge_sources
from .ports import Backends, Candidate, ImageInput, Localizer, Magnifier, Named, Proposals
from .roles import SOURCE_ROLES, Role
from .tags import admit


@dataclass(frozen=True, slots=True)
class ImageRegions:
    """The regions of one photo; own: per region, the candidates of its sources and of the magnifier."""

    image_id: int
    regions: Regions
    own: tuple[tuple[Candidate, ...], ...]


def localize_images(
    images: Sequence[ImageInput],
    tags: Sequence[Sequence[str]],
    backends: Backends,
    *,
    iou_threshold: float = 0.75,
    max_boxes: int = 1000,
) -> list[ImageRegions | Failure]:
    """Regions of each photo. `tags`: its image-level tags, for the grounding sources.

    Of each source at most `max_boxes` per photo are taken, best scores first. The `sources` of the regions
    count through `backends.sources`, and their `indices` through what that source answered.
    """
    batch = Batch("localize", images)
    proposed: dict[int, list[tuple[Proposals, Role]]] = {at: [] for at in batch.alive}
    for source in backends.sources:
        for at, proposals in _propose(batch, source.localizer, tags).items():
            proposed[at].append((proposals, SOURCE_ROLES[source.kind]))
    regions = {at: merge_sources(proposed[at], iou_threshold, max_boxes=max_boxes) for at in batch.alive}
    own = {at: [_named(support) for support in regions[at].tags] for at in batch.alive}
    if backends.magnifier is not None:
        for at, seen in _magnify(batch, backends.magnifier, regions).items():
            for candidates, texts in zip(own[at], seen, strict=True):
                candidates += [Candidate(text, Role.MAGNIFIER, rank) for rank, text in enumerate(texts)]
    results = {
        at: ImageRegions(images[at].image_id, regions[at], tuple(admit(mine) for mine in own[at])) for at in batch.alive
    }
    return batch.results(results)


def _propose(batch: Batch, localizer: Named[Localizer], tags: Sequence[Sequence[str]]) -> dict[int, Proposals]:
    return batch.ask(
        "localizer",
        localizer,
        lambda at: localizer.backend.localize(batch.images_at(at), [tags[position] for position in at]),
        lambda at, answer: check_proposals(answer, batch.images[at].width, batch.images[at].height),
    )


def _magnify(
    batch: Batch, magnifier: Named[Magnifier], regions: dict[int, Regions]
) -> dict[int, list[tuple[str, ...]]]:
    def check(at: int, answer: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        check_count(answer, len(regions[at]), "regions")
        return [check_tags(texts) for texts in answer]

    return batch.ask(
        "magnifier",
        magnifier,
        lambda at: magnifier.backend.magnify(batch.images_at(at), [regions[position].boxes for position in at]),
        check,
    )


def _named(supports: Sequence[TagSupport]) -> list[Candidate]:
    return [Candidate(support.text, support.role, rank) for rank, support in enumerate(supports)]
