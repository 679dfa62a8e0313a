"""The photos of one import batch: which are known already, which are read, fetched, decoded; what went wrong.

Files are read and decoded in threads (Pillow and sockets let other threads run); the database is asked and written
by the caller's thread alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from annotation.decoding import ImageRefused, read_photo
from annotation.fetching import FetchRefused
from annotation.importers.records import ImageRecord, Problem
from annotation.models import Image
from annotation.pipeline.concepts import display_text
from annotation.services.images import (
    AddedImage,
    PhotoDetails,
    StoredPhoto,
    add_images,
    decode_limits,
    fetch_photo,
    images_by_sha256,
    sha256_of,
    store_photo,
)
from annotation.services.removals import blacklisted

T = TypeVar("T")

BEAT_SECONDS = 5.0
MAX_URL = 4096


@dataclass(slots=True)
class PhotoOutcome:
    """What became of one ImageRecord: at most one of `stored`, `image` and `problem`, before the rows are written."""

    record: ImageRecord
    stored: StoredPhoto | None = None
    image: Image | None = None
    problem: Problem | None = None


class PhotoReader:
    """Reads batches of photos for one project. `beat` is called now and then while threads work."""

    def __init__(self, project_id: int, pool: ThreadPoolExecutor, beat: Callable[[], None]) -> None:
        self.project_id = project_id
        self._pool = pool
        self._beat = beat

    def read(self, records: Sequence[ImageRecord]) -> list[PhotoOutcome]:
        """Find or store every photo; no row is written yet. Photos that were taken down are refused."""
        outcomes = [PhotoOutcome(record) for record in records]
        self._find_by_name([outcome for outcome in outcomes if not _is_loadable(outcome.record)])
        self._find_by_url([outcome for outcome in outcomes if outcome.record.url])
        with_path = [outcome for outcome in outcomes if outcome.record.path is not None]
        self._find_by_digest(with_path)
        missing = [outcome for outcome in outcomes if _is_loadable(outcome.record) and _is_open(outcome)]
        fetched = any(outcome.record.url for outcome in missing)  # their digests are known when they are here
        load = partial(_load, refused=blacklisted(project_id=self.project_id) if fetched else frozenset())
        for outcome, result in zip(missing, self._all(load, [outcome.record for outcome in missing]), strict=True):
            if isinstance(result, Problem):
                outcome.problem = result
            else:
                outcome.stored = result
        return outcomes

    def known(self, records: Sequence[ImageRecord]) -> list[Image | None]:
        """The rows that `read` and `write` made of these records in an earlier attempt; reads no picture twice."""
        outcomes = [PhotoOutcome(record) for record in records]
        self._find_by_name([outcome for outcome in outcomes if not _is_loadable(outcome.record)])
        self._find_by_url([outcome for outcome in outcomes if outcome.record.url])
        self._find_by_digest([outcome for outcome in outcomes if outcome.record.path is not None])
        return [outcome.image for outcome in outcomes]

    def write(self, outcomes: Sequence[PhotoOutcome]) -> list[AddedImage | None]:
        """Write the rows of stored photos; per outcome its image, or None where there is a problem."""
        photos = [outcome.stored for outcome in outcomes if outcome.stored is not None]
        added: Iterator[AddedImage] = iter(add_images(project_id=self.project_id, photos=photos))
        return [
            next(added) if outcome.stored else AddedImage(outcome.image, False) if outcome.image else None
            for outcome in outcomes
        ]

    def _find_by_digest(self, outcomes: Sequence[PhotoOutcome]) -> None:
        """Pictures that the project has are not decoded again."""
        digests = self._all(_digest, [outcome.record for outcome in outcomes])
        found = {digest for digest in digests if isinstance(digest, str)}
        known = images_by_sha256(project_id=self.project_id, digests=found)
        gone = blacklisted(project_id=self.project_id, digests=found)
        for outcome, digest in zip(outcomes, digests, strict=True):
            if isinstance(digest, Problem):
                outcome.problem = digest
            elif digest in gone:
                outcome.problem = _taken_down(outcome.record)
            else:
                outcome.image = known.get(digest)

    def _find_by_url(self, outcomes: Sequence[PhotoOutcome]) -> None:
        """Addresses that the project's photos came from are not fetched again."""
        names = {_name(outcome.record) for outcome in outcomes}
        urls = [outcome.record.url for outcome in outcomes]
        rows = Image.objects.filter(project_id=self.project_id, name__in=names, url__in=urls) if outcomes else []
        known = {image.url: image for image in rows}
        for outcome in outcomes:
            outcome.image = known.get(outcome.record.url or "")

    def _find_by_name(self, outcomes: Sequence[PhotoOutcome]) -> None:
        """Annotations without photos are about photos that the project has."""
        if not outcomes:
            return
        wanted = {name for outcome in outcomes for name in _names(outcome.record)}
        found: dict[str, list[Image]] = {}
        for image in Image.objects.filter(project_id=self.project_id, name__in=wanted, removed_at=None):
            found.setdefault(image.name, []).append(image)
        for outcome in outcomes:
            images = next((found[name] for name in _names(outcome.record) if name in found), [])
            if len(images) == 1:
                outcome.image = images[0]
            else:
                outcome.problem = _unresolved(outcome.record, len(images))

    def _all(self, work: Callable[[ImageRecord], T], records: Sequence[ImageRecord]) -> list[T]:
        """`work` on every record in threads, in order of the records; beats while it waits."""
        futures: list[Future[T]] = [self._pool.submit(work, record) for record in records]
        waiting: set[Future[T]] = set(futures)
        while waiting:
            _, waiting = wait(waiting, timeout=BEAT_SECONDS, return_when=FIRST_COMPLETED)
            self._beat()
        return [future.result() for future in futures]


@contextmanager
def photo_reader(project_id: int, beat: Callable[[], None]) -> Iterator[PhotoReader]:
    """A PhotoReader with threads of its own: a few more than cores, as fetching mostly waits."""
    pool = ThreadPoolExecutor(max_workers=min(8, 2 + (os.cpu_count() or 1)), thread_name_prefix="photos")
    try:
        yield PhotoReader(project_id, pool, beat)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _is_loadable(record: ImageRecord) -> bool:
    return record.path is not None or record.url is not None


def _is_open(outcome: PhotoOutcome) -> bool:
    return outcome.image is None and outcome.problem is None


def _name(record: ImageRecord) -> str:
    """A photo is known by its bare file name: annotation files name it so, wherever it lies."""
    return display_text(PurePosixPath(record.name).name)[-255:]


def _names(record: ImageRecord) -> list[str]:
    return list(dict.fromkeys([_name(record), *(display_text(alias)[-255:] for alias in record.aliases)]))


def _unresolved(record: ImageRecord, count: int) -> Problem:
    if count:
        return Problem(record.file, record.name, "ambiguous_name", f"{count} photos of the project have this name.")
    return Problem(record.file, record.name, "unknown_photo", "The project has no photo of this name.")


def _digest(record: ImageRecord) -> str | Problem:
    try:
        return sha256_of(_path(record))
    except ImageRefused as error:
        return _refused(record, error)


def _load(record: ImageRecord, refused: frozenset[str]) -> StoredPhoto | Problem:
    details = PhotoDetails(_name(record), (record.url or "")[:MAX_URL], record.licence, record.source)
    try:
        data = fetch_photo(record.url) if record.url else read_photo(_path(record), decode_limits())
        if refused and hashlib.sha256(data).hexdigest() in refused:
            return _taken_down(record)
        return store_photo(data, details)
    except (ImageRefused, FetchRefused) as error:
        return _refused(record, error)
    except OSError as error:  # the storage: no space, no connection
        return Problem(
            record.file, record.name, "not_stored", f"The photo could not be stored: {error.strerror or error}."
        )


def _taken_down(record: ImageRecord) -> Problem:
    return Problem(record.file, record.name, "taken_down", "This photo was taken down on request and stays out.")


def _path(record: ImageRecord) -> Path:
    if record.path is None:
        raise ValueError("the record has no file")
    return record.path


def _refused(record: ImageRecord, error: ImageRefused | FetchRefused) -> Problem:
    item = "" if record.file == record.name else (record.url or record.name)
    return Problem(record.file, item, error.code, error.message)
