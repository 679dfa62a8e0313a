"""Audits: experts judge their items blind, leads read what they say."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from argus_client.errors import NotDrawn, WaitedTooLong
from argus_client.transport import Transport
from argus_client.work import Tag


class AuditItem:
    """One audited region: mark which of its `tags` are right, or say whether the `answer` to the `question` is.

    `box` is (x1, y1, x2, y2) in pixels of `width` × `height`, x2 and y2 exclusive.
    """

    def __init__(self, transport: Transport, path: str, facts: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = path
        self.slot = int(facts["slot"])
        self.task_kind = str(facts["task_kind"])
        self.width = int(facts["image"]["width"])
        self.height = int(facts["image"]["height"])
        self.image_url = str(facts["image"]["url"])
        self.box: tuple[float, float, float, float] = tuple(facts["box"])
        self.tags = [Tag(tag["id"], tag["text"]) for tag in facts["tags"]]
        self.question = str(facts["question"])
        self.answer = str(facts["answer"])
        self.key = str(uuid.uuid4())
        self.is_over = False
        self._shown_at = time.monotonic()

    def image(self) -> bytes:
        """The photo as WebP, `width` × `height`."""
        return bytes(self._transport.request("GET", self.image_url).data)

    def mark(self, right: Iterable[Tag | int]) -> bool:
        """The tags that are right; all others count as wrong. Whether this judgement had been recorded before.

        Raises ApiError: 409 `lease_lost` when somebody else has the item by now, `audit_closed`.
        """
        return self._judge("judged", sorted({tag.id if isinstance(tag, Tag) else tag for tag in right}))

    def say(self, *, is_correct: bool) -> bool:
        """Whether the answer is correct. Returns and raises as `mark` does."""
        return self._judge("correct" if is_correct else "incorrect")

    def unclear(self) -> bool:
        """It cannot be told from the photo. Returns and raises as `mark` does."""
        return self._judge("unclear")

    def take_back(self) -> bool:
        """Undo: the item is yours again. False when it is too late."""
        taken = bool(self._transport.post(f"{self._path}/undo", {"slot": self.slot})["taken_back"])
        if taken:
            self.key, self.is_over = str(uuid.uuid4()), False
        return taken

    def show(self) -> AuditItem:
        """Start the clock of this item."""
        self._shown_at = time.monotonic()
        return self

    def _judge(self, choice: str, right: list[int] | None = None) -> bool:
        sent = {
            "slot": self.slot,
            "key": self.key,
            "choice": choice,
            "right": right or [],
            "seconds": time.monotonic() - self._shown_at,
        }
        answer = self._transport.post(f"{self._path}/judge", sent)
        self.is_over = True
        return bool(answer["repeated"])


def audit_items(transport: Transport, path: str, *, ahead: int) -> Iterator[AuditItem]:
    """Lease, hand out, lease again. An item that is not judged ends the loop; what is held then is given back."""
    held: list[AuditItem] = []
    try:
        while True:
            answer = transport.post(f"{path}/lease", {"want": ahead})
            held = [AuditItem(transport, path, facts) for facts in answer["items"]]
            if not held:
                return
            while held:
                yield held[0].show()
                if not held[0].is_over:
                    return
                held.pop(0)
    finally:
        if held:
            transport.post(f"{path}/release")


class Audit:
    """One audit: `facts` hold how far it is; of those of one loop also what it says, with intervals."""

    def __init__(self, transport: Transport, path: str, facts: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = path
        self.facts = dict(facts)

    @property
    def id(self) -> int:
        return int(self.facts["id"])

    @property
    def is_open(self) -> bool:
        return bool(self.facts["is_open"])

    @property
    def state(self) -> str:
        """drawing, refused, open or closed."""
        return str(self.facts["state"])

    def refresh(self) -> Audit:
        """Ask again how far it is."""
        self.facts |= self._transport.get(f"{self._path}/audits/{self.id}")
        return self

    def wait(self, *, timeout: float = 600.0, every: float = 2.0) -> Audit:
        """Until it is drawn. Raises WaitedTooLong, and NotDrawn with the reason."""
        deadline = time.monotonic() + timeout
        while self.refresh().state == "drawing":
            if time.monotonic() + every > deadline:
                raise WaitedTooLong(f"audit {self.id} is still being drawn")
            time.sleep(every)
        if self.state == "refused":
            raise NotDrawn(str(self.facts["error"]))
        return self

    def close(self) -> None:
        """Hand out no more of its items. What was judged counts."""
        self._transport.post(f"{self._path}/audits/{self.id}/close")
        self.facts["is_open"] = False
