"""Judging items. A verdict has a key of its own: sent twice, it counts once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from argus_client.transport import Transport

KINDS = ("tags", "questions", "answers")
CHOICES = ("correct", "wrong_answer", "unanswerable", "wrong_tag")
SKIP_REASONS = ("broken_photo", "unclear_region", "unsure", "other")


@dataclass(frozen=True)
class Tag:
    id: int
    text: str


class Item:
    """Something to judge: a region of a photo, with the `tags` that were proposed for it, or a `question` about it
    (a mapping with tag, question, answer and the region's other pairs) and no tags.

    `box` is (x1, y1, x2, y2) in pixels of `width` × `height`, x2 and y2 exclusive.
    """

    def __init__(self, transport: Transport, path: str, facts: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = path  # of the project's work of this kind
        self.assignment: int = facts["assignment"]
        self.id: int = facts["item"]
        self.ticket: str = facts["ticket"]
        self.width: int = facts["image"]["width"]
        self.height: int = facts["image"]["height"]
        self.image_url: str = facts["image"]["url"]
        self.box: tuple[float, float, float, float] = tuple(facts["box"])
        self.tags = [Tag(tag["id"], tag["text"]) for tag in facts["tags"]]
        self.question: Mapping[str, Any] | None = facts["question"]
        self.key = str(uuid.uuid4())
        self.is_over = False
        self._shown_at = time.monotonic()

    def image(self) -> bytes:
        """The photo as WebP, `width` × `height`."""
        return bytes(self._transport.request("GET", self.image_url).data)

    def submit(
        self,
        rejected: Iterable[Tag | int | str] = (),
        *,
        choice: str = "",
        text: str = "",
        bad_box: bool = False,
        seconds: float | None = None,
    ) -> bool:
        """Say which tags are wrong (tags, their ids or texts); all others count as right.

        Of a question say the `choice`: correct, wrong_answer, unanswerable or wrong_tag. Who writes the right answer
        sends the `text`. In a tag task `text` is the right tag when all are wrong; `bad_box`: it shows no one thing.

        seconds: the time it took; by default since the item was handed out by the loop. Returns whether this verdict
        had been recorded before. Raises ApiError: 409 `lease_lost` when somebody else has the item by now.
        """
        sent = {
            "assignment": self.assignment,
            "ticket": self.ticket,
            "rejected": sorted({self._id(tag) for tag in rejected}),
            "choice": choice,
            "text": text,
            "bad_box": bad_box,
            "key": self.key,
            "seconds": time.monotonic() - self._shown_at if seconds is None else seconds,
        }
        answer = self._transport.post(f"{self._path}/submit", sent)
        self.is_over = True
        return bool(answer["repeated"])

    def choose(self, choice: str, *, seconds: float | None = None) -> bool:
        """Say what a question's answer is: one of CHOICES. Raises as `submit` does."""
        return self.submit(choice=choice, seconds=seconds)

    def write(self, text: str, *, seconds: float | None = None) -> bool:
        """Write the right answer. Raises as `submit` does; ApiError (`bad_answer`) when the text does not do."""
        return self.submit(text=text, seconds=seconds)

    def skip(self, reason: str) -> None:
        """Pass it on; one of SKIP_REASONS. You never get it again."""
        self._transport.post(f"{self._path}/skip", {"assignment": self.assignment, "reason": reason})
        self.is_over = True

    def show(self) -> Item:
        """Start the clock of this item."""
        self._shown_at = time.monotonic()
        return self

    def _id(self, tag: Tag | int | str) -> int:
        if isinstance(tag, Tag):
            return tag.id
        if isinstance(tag, int):
            return tag
        for shown in self.tags:
            if shown.text == tag:
                return shown.id
        raise ValueError(f"{tag!r} is none of this item's tags: {', '.join(shown.text for shown in self.tags)}")


def work(transport: Transport, path: str, *, ahead: int) -> Iterator[Item]:
    """Lease, hand out, lease again. Items that were neither judged nor skipped end the loop: nothing is forced."""
    held: list[Item] = []
    seen: set[int] = set()
    try:
        while True:
            answer = transport.post(f"{path}/lease", {"want": ahead})
            held = [Item(transport, path, facts) for facts in answer["items"] if facts["assignment"] not in seen]
            if not held:
                return
            while held:
                item = held[0]
                seen.add(item.assignment)
                yield item.show()
                if not item.is_over:
                    return
                held.pop(0)
    finally:
        if held:
            left = [item.assignment for item in held]
            transport.post(f"{path}/release", {"assignments": left})
