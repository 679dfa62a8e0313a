"""Photos with captions to run the pipeline on, what it wrote, and real workers to run it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from annotation.models import (
    Concept,
    Image,
    ImageAnnotation,
    ImportedCaption,
    Loop,
    QuestionAnswer,
    Region,
    RegionAnnotation,
    RegionCandidates,
)
from annotation.services.producers import get_producer
from tests.embedded.runs import ROOT
from tests.factories import make_image

CAPTION = "A cat sits on a wooden table beside a lamp and a window."


def add_photos(project: Any, count: int, *, first: int = 0) -> list[Image]:
    """Different photos, numbers `first` on, with one caption each; the same ones for every project."""
    producer = get_producer("import", "test captions", "1")
    images = [make_image(project, seed=seed, width=240, height=160) for seed in range(first, first + count)]
    ImportedCaption.objects.bulk_create(
        ImportedCaption(image=image, producer=producer, external_id="1", text=CAPTION) for image in images
    )
    return images


def written_by(loop: Loop) -> dict[str, list[Any]]:
    """All that a loop wrote, without the ids that differ from run to run."""
    words = dict(Concept.objects.values_list("pk", "text"))
    images = dict(Image.objects.filter(project=loop.project).values_list("pk", "sha256"))
    boxes = {region.pk: (images[region.image_id], region.box) for region in Region.objects.filter(image__in=images)}
    candidates = RegionCandidates.objects.filter(image_id__in=images)
    return {
        "photos": sorted(
            (images[row.image_id], row.caption, [words[number] for number in row.concept_ids], row.ranks)
            for row in ImageAnnotation.objects.filter(loop_id=loop.pk)
        ),
        "boxes": sorted(boxes.values()),
        "candidates": sorted((*boxes[row.region_id], row.role_masks) for row in candidates),
        "regions": sorted(
            (*boxes[row.region_id], [words[number] for number in row.concept_ids], row.scores, row.caption)
            for row in RegionAnnotation.objects.filter(loop_id=loop.pk)
        ),
        "answers": sorted(
            (*boxes[row.region_id], row.ordinal, row.question, row.answer)  # type: ignore[index]
            for row in QuestionAnswer.objects.filter(loop_id=loop.pk)
        ),
    }


@contextlib.contextmanager
def worker(log: Path, *, slots: int = 1, held_stage: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """A real Celery worker on the test's database, Redis and folders; killed at the end, if not before."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.workers.pipeline_settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "TEST_DATA_DIR": str(settings.ARGUS_DATA_DIR),
        "TEST_HELD_STAGE": held_stage,
    }
    command = [sys.executable, "-m", "celery", "-A", "tests.workers.held_pipeline", "worker"]
    command += ["-Q", "cpu", "-c", str(slots), "--without-gossip", "--without-mingle"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """The worker and its pool at once, as a machine that loses power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
