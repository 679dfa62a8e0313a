"""Exports, and their files: downloads go on where they stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from argus_client.errors import ApiError, ArgusClientError, ConnectionFailed, DigestMismatch, WaitedTooLong
from argus_client.transport import Transport

CHUNK = 256 * 1024
OPEN_STATES = ("pending", "running")


class Export:
    """One export: `facts` as they were when it was asked for; `refresh` asks again."""

    def __init__(self, transport: Transport, path: str, facts: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = path
        self.facts = dict(facts)

    @property
    def id(self) -> int:
        return int(self.facts["id"])

    @property
    def state(self) -> str:
        """pending, running, done, failed or cancelled."""
        return str(self.facts["state"])

    def refresh(self) -> Export:
        self.facts = dict(self._transport.get(f"{self._path}/exports/{self.id}"))
        return self

    def cancel(self) -> Export:
        self.facts = dict(self._transport.post(f"{self._path}/exports/{self.id}/cancel"))
        return self

    def meta(self) -> Mapping[str, Any]:
        """What the finished file holds: schema, filters, counts, time of the snapshot, digest."""
        return self._transport.get(f"{self._path}/exports/{self.id}/meta")

    def wait(self, *, timeout: float = 3600.0, every: float = 2.0) -> Export:
        """Until the file is there. Raises WaitedTooLong, or ArgusClientError when it failed or was cancelled."""
        deadline = time.monotonic() + timeout
        while self.refresh().state in OPEN_STATES:
            if time.monotonic() + every > deadline:
                raise WaitedTooLong(f"export {self.id} is not finished")
            time.sleep(every)
        if self.state != "done":
            raise ArgusClientError(f"export {self.id} is {self.state}: {self.facts['error']}")
        return self

    def download(
        self, target: str | Path, *, tries: int = 10, progress: Callable[[int, int], None] | None = None
    ) -> Path:
        """Fetch the finished file to `target`; what an earlier call left in `target.part` is gone on with.

        progress: called with bytes so far and in all. The sha256 is checked before the file gets its name.
        Raises ApiError (409: not finished), DigestMismatch, ConnectionFailed after `tries` without progress.
        """
        target = Path(target)
        partial = target.with_name(target.name + ".part")
        left = tries
        while True:
            before = partial.stat().st_size if partial.exists() else 0
            try:
                self._fetch(partial, before, progress)
                break
            except (HTTPError, OSError, ConnectionFailed) as error:
                after = partial.stat().st_size if partial.exists() else 0
                left = tries if after > before else left - 1
                if left <= 0:
                    raise ConnectionFailed(f"export {self.id} could not be fetched: {error}") from error
        self._check(partial)
        partial.replace(target)
        return target

    def _fetch(self, partial: Path, start: int, progress: Callable[[int, int], None] | None) -> None:
        """From `start` on; from the beginning when the server has another file by now."""
        headers = {"Range": f"bytes={start}-", "If-Range": f'"{self.facts["sha256"]}"'} if start else {}
        try:
            response = self._transport.request(
                "GET", f"{self._path}/exports/{self.id}/file", headers=headers, stream=True
            )
        except ApiError as error:
            if error.status == 416:  # it is all there
                return
            raise
        with partial.open("ab" if response.status == 206 else "wb") as file:
            total = (start if response.status == 206 else 0) + int(response.headers.get("Content-Length", 0))
            for chunk in response.stream(CHUNK):
                file.write(chunk)
                if progress is not None:
                    progress(file.tell(), total)
            complete = file.tell() >= total
        response.release_conn()
        if not complete:
            raise ConnectionFailed("the connection broke")

    def _check(self, partial: Path) -> None:
        digest = hashlib.sha256()
        with partial.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        wanted = self.facts["sha256"] or self.refresh().facts["sha256"]
        if digest.hexdigest() != wanted:
            partial.unlink()
            raise DigestMismatch(f"export {self.id}: the file is not the one that was described; fetch it again")
