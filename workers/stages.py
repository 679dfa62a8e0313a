"""The pipeline's stages over one shard of photos: read, ask the backends, hand back what to write.

Each function takes a shard and answers a StageResult; nothing is written before the caller, who owns the claim, calls
`write` (annotation.services.stage_runs.finish_shard). Photos are worked on in small groups and their pixels
forgotten after each, so that memory follows the group and not the shard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from annotation.pipeline.batches import Failure
from annotation.pipeline.cleaning import SizeClass, clean_images, size_classes
from annotation.pipeline.description import describe_images
from annotation.pipeline.matching import match_images
from annotation.pipeline.ports import Backends, ImageInput, Named, ProducerIdentity, no_boxes
from annotation.pipeline.regions import ImageRegions, localize_images
from annotation.pipeline.rosters import Roster
from annotation.pipeline.tags import ImageTags, tag_images
from annotation.selectors import shards
from annotation.selectors.shards import OpenPhoto, ShardImage
from annotation.services.annotations import (
    DescribedRegions,
    RankedRegions,
    SourceProducer,
    write_annotations,
    write_descriptions,
    write_image_tags,
    write_matches,
    write_regions,
)
from annotation.services.concepts import concept_ids_for
from annotation.services.producers import get_producer
from verification.selectors.rejections import rejected_texts

GROUP: Final = 4
"""Photos whose pixels are in memory at once."""

IMPORTED_BOXES: Final = "import:boxes"
"""The source whose boxes are regions already."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Shard:
    """What a stage is asked to do. `keep_going` is asked between groups and raises when the claim is lost."""

    project_id: int
    loop_id: int
    image_ids: Sequence[int]
    roster: Roster
    backends: Backends
    open_photo: OpenPhoto
    keep_going: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class StageResult:
    """`write` writes the rows, in the caller's transaction, and counts them."""

    write: Callable[[], Mapping[str, int]]
    failures: list[Failure] = field(default_factory=list)


StageFunction: TypeAlias = Callable[[Shard], StageResult]


def tag(shard: Shard) -> StageResult:
    """Image-level candidates and the overall caption of each photo."""
    images = shards.load_images(shard.image_ids, shard.open_photo)
    done: list[ImageTags] = []
    failures: list[Failure] = []
    for group in _groups(images, shard):
        found = tag_images(_inputs(group), shard.backends, max_tags=shard.roster.max_tags)
        _sort(found, done, failures)
    concepts = concept_ids_for(text for image in done for text in image.texts)
    producer_id = _producer(shard.backends.spotter)

    def write() -> dict[str, int]:
        write_image_tags(shard.loop_id, done, concepts, producer_id)
        return {"tags": sum(len(image.candidates) for image in done)}

    return StageResult(write, failures)


def localize(shard: Shard) -> StageResult:
    """The regions of each photo, by Algorithm 1, and the candidates of each region alone."""
    tags = shards.load_image_tags(shard.loop_id, shard.image_ids)
    images = shards.load_images(list(tags), shard.open_photo)
    done: list[ImageRegions] = []
    failures: list[Failure] = []
    for group in _groups(images, shard):
        texts = [[candidate.text for candidate in tags[image.input.image_id]] for image in group]
        found = localize_images(
            _inputs(group),
            texts,
            shard.backends,
            iou_threshold=shard.roster.iou_threshold,
            max_boxes=shard.roster.max_boxes,
        )
        _sort(found, done, failures)
    named = [candidate.text for image in done for own in image.own for candidate in own]
    supported = [support.text for image in done for supports in image.regions.tags for support in supports]
    concepts = concept_ids_for(dict.fromkeys([*named, *supported]))
    imported_ids = {image.input.image_id: image.imported_ids for image in images}
    sources = [
        SourceProducer(place, source.kind, _producer(source.localizer), source.localizer.name == IMPORTED_BOXES)
        for place, source in enumerate(shard.backends.sources)
    ]

    def write() -> dict[str, int]:
        new = write_regions(shard.loop_id, done, imported_ids, sources, concepts)
        merged = sum(len(swallowed) for image in done for swallowed in image.regions.merged)
        return {"regions": sum(len(image.regions) for image in done), "new_regions": new, "merged": merged}

    return StageResult(write, failures)


def match(shard: Shard) -> StageResult:
    """Every region's candidates ranked, without those that people rejected for it; the best few are kept."""
    shared = shards.load_image_tags(shard.loop_id, shard.image_ids)
    regions = shards.load_regions(list(shared))
    rejected = rejected_texts(
        project_id=shard.project_id, region_ids=(number for image in regions.values() for number in image.ids)
    )
    images = shards.load_images(list(regions), shard.open_photo)
    done: list[RankedRegions] = []
    failures: list[Failure] = []
    for group in _groups(images, shard):
        ids = [image.input.image_id for image in group]
        found = match_images(
            _inputs(group),
            [regions[number].boxes for number in ids],
            [shared[number] for number in ids],
            [regions[number].own for number in ids],
            shard.backends,
            rejected=[[rejected.get(number, frozenset()) for number in regions[at].ids] for at in ids],
            top_k=shard.roster.top_k,
            cover_weight=shard.roster.cover_weight,
        )
        for number, outcome in zip(ids, found, strict=True):
            if isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                done.append(RankedRegions(number, regions[number].ids, regions[number].boxes, outcome))
    return _ranked(shard, done, failures, write_matches)


def clean(shard: Shard) -> StageResult:
    """The best regions of every size class, their tags re-ranked where the roster has a segmenter."""
    matches = shards.load_matches(shard.loop_id, shard.image_ids)
    images = shards.load_images(list(matches), shard.open_photo)
    done: list[RankedRegions] = []
    failures: list[Failure] = []
    for group in _groups(images, shard):
        ids = [image.input.image_id for image in group]
        found = clean_images(
            _inputs(group),
            [matches[number].boxes for number in ids],
            [matches[number].rankings for number in ids],
            shard.backends,
            max_per_size_class=shard.roster.max_per_size_class,
            cover_weight=shard.roster.cover_weight,
        )
        for number, outcome in zip(ids, found, strict=True):
            if isinstance(outcome, Failure):
                failures.append(outcome)
                continue
            kept = list(outcome.kept)
            boxes = matches[number].boxes[kept] if kept else no_boxes()
            done.append(RankedRegions(number, [matches[number].ids[at] for at in kept], boxes, outcome.rankings))
    return _ranked(shard, done, failures, write_annotations)


def describe(shard: Shard) -> StageResult:
    """Three questions about each region's first tag, their answers, and a caption."""
    tops = shards.load_top_tags(shard.loop_id, shard.image_ids, shard.roster.max_described)
    images = shards.load_images(list(tops), shard.open_photo)
    done: list[DescribedRegions] = []
    failures: list[Failure] = []
    for group in _groups(images, shard):
        ids = [image.input.image_id for image in group]
        found = describe_images(
            _inputs(group),
            [tops[number].boxes for number in ids],
            [tops[number].tags for number in ids],
            shard.backends,
        )
        for number, outcome in zip(ids, found, strict=True):
            if isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                done.append(DescribedRegions(number, tops[number].ids, tops[number].concept_ids, outcome))
    answers, captions = _producer(shard.backends.responder), _producer(shard.backends.writer)

    def write() -> dict[str, int]:
        pairs = write_descriptions(shard.loop_id, done, answers, captions)
        return {"described": sum(len(image.region_ids) for image in done), "questions": pairs}

    return StageResult(write, failures)


FUNCTIONS: Final[Mapping[str, StageFunction]] = {
    "tag": tag,
    "localize": localize,
    "match": match,
    "clean": clean,
    "describe": describe,
}
"""Stage -> what carries it out; the stages of annotation/pipeline/stages.py."""


def _ranked(
    shard: Shard,
    done: list[RankedRegions],
    failures: list[Failure],
    writer: Callable[[int, Sequence[RankedRegions], Mapping[str, int], int], int],
) -> StageResult:
    texts = {entry.candidate.text for image in done for ranking in image.rankings for entry in ranking}
    concepts = concept_ids_for(texts)
    producer_id = _producer(shard.backends.matcher)
    # By size class, so that pages need not count regions.
    sizes = Counter(size.name.lower() for image in done for size in map(SizeClass, size_classes(image.boxes)))

    def write() -> dict[str, int]:
        return {"regions": writer(shard.loop_id, done, concepts, producer_id), **sizes}

    return StageResult(write, failures)


def _groups(images: Sequence[ShardImage], shard: Shard) -> Iterator[Sequence[ShardImage]]:
    for start in range(0, len(images), GROUP):
        shard.keep_going()
        group = images[start : start + GROUP]
        yield group
        for image in group:
            image.input.release()


def _inputs(images: Sequence[ShardImage]) -> list[ImageInput]:
    return [image.input for image in images]


def _sort(found: Sequence[Value | Failure], done: list[Value], failures: list[Failure]) -> None:
    for outcome in found:
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            done.append(outcome)


def _producer(named: Named[object]) -> int:
    identity: ProducerIdentity = named.producer
    return get_producer(identity.backend, identity.model, identity.version, config_digest=identity.config_digest).pk
