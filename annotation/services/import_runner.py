"""The work of an import run: records in, batches of rows out, progress beside them.

Each batch is one transaction: photos, regions, captions, problems, and how far the run has come. So whatever ends a
worker, the next one knows which records are finished and goes on behind them; importers yield the same records in the
same order each time.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation.importers.records import BoxRecord, CaptionRecord, ImageRecord, Key, Problem, Record
from annotation.importers.registry import IMPORTERS
from annotation.models import Image, ImportProblem, ImportRun
from annotation.pipeline.concepts import display_text
from annotation.services.bulk import bulk_transaction
from annotation.services.import_photos import PhotoOutcome, PhotoReader, photo_reader
from annotation.services.imported_annotations import concepts_of, write_boxes, write_captions
from annotation.services.imports import (
    OPEN,
    TRUSTED,
    ImportClaim,
    ImportLost,
    beat,
    check_paths,
    claim_import,
    drop_uploads,
    finish_import,
    owned,
)
from annotation.services.producers import get_producer
from webapp.core.errors import BadInput

log = logging.getLogger(__name__)

PHOTOS = 16  # read and decoded together
NAMED_PHOTOS = 500  # found by name together
BOXES = 20_000
MASK_CHARACTERS = 32_000_000
OTHERS = 2_000
FLUSH_SECONDS = 10.0
BEAT_SECONDS = 5.0
LISTED_PROBLEMS = 10_000  # rows per run; all are counted
MAX_TEXT = 1_000

Progress = Callable[[ImportRun], None]


@dataclass(frozen=True, slots=True)
class Known:
    """A photo of this run: its row, and whether its annotations fit it."""

    image_id: int
    fits: bool


@dataclass(slots=True)
class Batch:
    """Records that will be written together."""

    images: list[ImageRecord] = field(default_factory=list)
    boxes: list[BoxRecord] = field(default_factory=list)
    captions: list[CaptionRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    loadable: int = 0
    mask_characters: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, record: Record) -> None:
        if isinstance(record, BoxRecord):
            self.boxes.append(record)
            self.mask_characters += len(record.mask_rle or "")
        elif isinstance(record, ImageRecord):
            self.images.append(record)
            self.loadable += record.path is not None or record.url is not None
        elif isinstance(record, CaptionRecord):
            self.captions.append(record)
        else:
            self.problems.append(record)

    @property
    def is_full(self) -> bool:
        return (
            self.loadable >= PHOTOS
            or len(self.images) >= NAMED_PHOTOS
            or len(self.boxes) >= BOXES
            or self.mask_characters >= MASK_CHARACTERS
            or len(self.captions) + len(self.problems) >= OTHERS
            or time.monotonic() - self.since > FLUSH_SECONDS
        )

    def __len__(self) -> int:
        return len(self.images) + len(self.boxes) + len(self.captions) + len(self.problems)


def run_import(run_id: int, *, on_progress: Progress | None = None) -> ImportRun | None:
    """Do a run's work in this process; None when somebody else does or did. Idempotent.

    What a bad file or item costs is listed in the run's problems. Anything that is nobody's input but our mistake
    fails the run, with a reason; a database that goes away does not, as the run is then claimed again later.
    """
    claim = claim_import(run_id)
    if claim is None:
        return None
    try:
        if not ImportRun.objects.values_list("options", flat=True).get(pk=run_id).get(TRUSTED):
            check_paths(claim.options)
        _run_claimed(claim, on_progress)
    except ImportLost:
        log.info("import %s, attempt %s: cancelled or taken over", run_id, claim.attempt)
    except BadInput as error:
        finish_import(claim, error=error.message)
    except DatabaseError:
        raise
    except Exception:  # the edge of a task: whoever started the run must learn that it failed
        log.exception("import %s failed", run_id)
        finish_import(claim, error=_("Something went wrong on our side; the server's log says what. Try again."))
    run = ImportRun.objects.get(pk=run_id)
    if run.state not in OPEN:
        drop_uploads(claim.options)
    return run


def _run_claimed(claim: ImportClaim, on_progress: Progress | None = None) -> None:
    """Do the work of a claimed run and finish it. Raises ImportLost when it is not ours any more."""
    started = time.monotonic()
    importer = IMPORTERS[claim.format]
    if claim.total is None:
        owned(claim).update(total=importer.count(claim.options))
    heart = Heart(claim)
    with photo_reader(claim.project_id, heart) as reader:
        runner = Runner(claim, reader, heart, on_progress)
        for position, record in enumerate(importer.read(claim.options)):
            if position % 500 == 0:
                heart()
            if position < claim.done:
                runner.recall(record)
            else:
                runner.take(record)
        runner.flush()
    finish_import(claim, error=runner.failure())
    log.info("import %s (%s): %s in %.1f s", claim.run_id, claim.format, runner.counts, time.monotonic() - started)


class Heart:
    """Beats for a claim, at most every few seconds however often it is called."""

    def __init__(self, claim: ImportClaim) -> None:
        self._claim = claim
        self._last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last > BEAT_SECONDS:
            beat(self._claim)
            self._last = time.monotonic()


class Runner:
    """Writes the records of one claim, batch by batch."""

    def __init__(self, claim: ImportClaim, reader: PhotoReader, heart: Heart, on_progress: Progress | None) -> None:
        self.claim = claim
        self.counts = Counter(claim.counts)
        self.first_problem = ""
        self._done = claim.done
        self._reader = reader
        self._heart = heart
        self._on_progress = on_progress
        self._interleaved = IMPORTERS[claim.format].interleaved
        self._known: dict[Key, Known] = {}
        self._recalled: list[ImageRecord] = []
        self._batch = Batch()
        model = claim.options.producer or claim.format
        self._producer = get_producer("import", model, claim.options.version).pk

    def recall(self, record: Record) -> None:
        """A record that an earlier attempt has finished with; photos are looked up, for what still refers to them."""
        if isinstance(record, ImageRecord):
            if self._interleaved:
                self._recalled.clear()
            self._recalled.append(record)
            if len(self._recalled) >= NAMED_PHOTOS:
                self._look_up_recalled()

    def take(self, record: Record) -> None:
        """A record that is new to the run."""
        self._batch.add(record)
        if self._batch.is_full:
            self.flush()

    def flush(self) -> None:
        """Write the batch in one transaction, with the progress. Raises ImportLost when the run is not ours."""
        self._look_up_recalled()
        batch, self._batch = self._batch, Batch()
        outcomes = self._reader.read(batch.images)
        arriving = {outcome.record.key for outcome in outcomes}
        boxes = [record for record in batch.boxes if self._may_fit(record.image_key, arriving)]
        concepts = concepts_of(boxes)
        with bulk_transaction():
            if not owned(self.claim).select_for_update(no_key=True).exists():
                raise ImportLost("The import was stopped.")
            counts = Counter(self.counts)
            problems = [*batch.problems, *self._write_photos(outcomes, counts)]
            problems += self._write_boxes(boxes, concepts, counts)
            counts["left_out"] += len(batch.boxes) - len(boxes)
            self._write_captions(batch.captions, counts)
            self._write_problems(problems, counts)
            owned(self.claim).update(done=self._done + len(batch), counts=dict(counts), heartbeat_at=Now())
        self.counts, self._done = counts, self._done + len(batch)
        self._forget(batch)
        if self._on_progress is not None:
            self._on_progress(ImportRun.objects.get(pk=self.claim.run_id))

    def failure(self) -> str:
        """Why the whole run failed: it did nothing at all, and there was a problem. "" otherwise."""
        useful = ("images", "already_there", "regions", "regions_already_there", "captions", "captions_already_there")
        if self.counts["problems"] and not any(self.counts[name] for name in useful):
            return self.first_problem or "Nothing could be imported."
        return ""

    def _look_up_recalled(self) -> None:
        records, self._recalled = self._recalled, []
        if records:
            for record, image in zip(records, self._reader.known(records), strict=True):
                if image is not None:
                    self._known[record.key] = Known(image.pk, _fits(record, image) is None)

    def _may_fit(self, key: Key, arriving: set[Key]) -> bool:
        """Whether a box's photo is there and of the right size, or about to be written."""
        known = self._known.get(key)
        return known.fits if known is not None else key in arriving

    def _write_photos(self, outcomes: Sequence[PhotoOutcome], counts: Counter[str]) -> list[Problem]:
        problems = []
        for outcome, added in zip(outcomes, self._reader.write(outcomes), strict=True):
            record = outcome.record
            if added is None:
                problems += [outcome.problem] if outcome.problem else []
                continue
            counts["images" if added.created else "already_there"] += 1
            if added.created:
                problems += [Problem(record.file, record.name, *note) for note in added.notes]
            misfit = _fits(record, added.image)
            problems += [misfit] if misfit else []
            self._known[record.key] = Known(added.image.pk, misfit is None)
        return problems

    def _write_boxes(
        self, records: Sequence[BoxRecord], concepts: dict[str, int], counts: Counter[str]
    ) -> list[Problem]:
        pairs = [(record, known) for record in records if (known := self._known.get(record.image_key)) and known.fits]
        counts["left_out"] += len(records) - len(pairs)
        if not pairs:
            return []
        new, existing, problems = write_boxes(
            [record for record, _ in pairs], [known.image_id for _, known in pairs], self._producer, concepts
        )
        counts["regions"] += new
        counts["regions_already_there"] += existing
        return problems

    def _write_captions(self, records: Sequence[CaptionRecord], counts: Counter[str]) -> None:
        pairs = [(record, known) for record in records if (known := self._known.get(record.image_key))]
        counts["left_out"] += len(records) - len(pairs)
        if not pairs:
            return
        new = write_captions([record for record, _ in pairs], [known.image_id for _, known in pairs], self._producer)
        counts["captions"] += new
        counts["captions_already_there"] += len(pairs) - new

    def _write_problems(self, problems: Sequence[Problem], counts: Counter[str]) -> None:
        if problems and not self.first_problem:
            self.first_problem = f"{problems[0].file}: {problems[0].message}"
        room = max(0, LISTED_PROBLEMS - counts["problems"])
        ImportProblem.objects.bulk_create(
            ImportProblem(
                run_id=self.claim.run_id,
                file=_shown(problem.file),
                item=_shown(problem.item),
                code=problem.code,
                message=_shown(problem.message),
            )
            for problem in problems[:room]
        )
        counts["problems"] += len(problems)

    def _forget(self, batch: Batch) -> None:
        """Where everything about a photo follows it at once, only the last photo can still be referred to."""
        if self._interleaved and batch.images:
            last = batch.images[-1].key
            self._known = {last: self._known[last]} if last in self._known else {}


def _fits(record: ImageRecord, image: Image) -> Problem | None:
    """A problem when the annotation file is about a picture of another size, so that its boxes would lie elsewhere."""
    if record.width is None or record.height is None or (record.width, record.height) == (image.width, image.height):
        return None
    turned = (record.height, record.width) == (image.width, image.height)
    return Problem(
        record.file,
        record.name,
        "size_mismatch",
        f"The file says {record.width} × {record.height} px, the photo has {image.width} × {image.height} px"
        + (" (turned: its EXIF rotation was ignored)" if turned else "")
        + ". Its boxes were left out.",
    )


def _shown(text: str) -> str:
    return display_text(text[:MAX_TEXT])
