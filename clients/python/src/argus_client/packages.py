"""Reviewing packages. Every item needs its own ruling; there is no "agree to all"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from argus_client.transport import Transport
from argus_client.work import Tag

REASONS = ("wrong_left", "right_rejected", "wrong_choice", "bad_answer", "other")


class PackedItem:
    """One item of a package: `facts` hold what was asked and what the annotator said."""

    def __init__(self, package: Package, facts: Mapping[str, Any]) -> None:
        self._package = package
        self.facts = dict(facts)

    @property
    def id(self) -> int:
        return int(self.facts["id"])

    @property
    def tags(self) -> list[Tag]:
        """Those that were shown; empty where a question was asked."""
        return [Tag(tag["id"], tag["text"]) for tag in self.facts["tags"]]

    @property
    def rejected(self) -> list[Tag]:
        """Those that the annotator marked as wrong."""
        return [Tag(tag["id"], tag["text"]) for tag in self.facts["tags"] if tag["is_rejected"]]

    def image(self) -> bytes:
        """The photo as WebP, in the size that the box refers to."""
        return bytes(self._package.transport.request("GET", self.facts["image"]["url"]).data)

    def agree(self) -> None:
        """Every mark of the annotator is right."""
        self._package.rule(self.id, agrees=True)

    def disagree(
        self,
        reason: str,
        *,
        rejected: Iterable[Tag | int] = (),
        choice: str = "",
        bad_box: bool = False,
        correction: str = "",
        note: str = "",
    ) -> None:
        """Say why (one of REASONS) and what is right instead: the wrong tags, choice, or right answer."""
        self._package.rule(
            self.id,
            agrees=False,
            reason=reason,
            rejected=[tag.id if isinstance(tag, Tag) else tag for tag in rejected],
            choice=choice,
            bad_box=bad_box,
            correction=correction,
            note=note,
        )


class Package:
    """A package that you hold."""

    def __init__(self, transport: Transport, path: str, facts: Mapping[str, Any]) -> None:
        self.transport = transport
        self._path = f"{path}/packages/{facts['id']}"
        self.id = int(facts["id"])
        self.task_kind = str(facts["task_kind"])
        self.items = [PackedItem(self, item) for item in facts["items"]]

    def rule(self, item_id: int, *, agrees: bool, **more: Any) -> None:
        """Record a ruling; said again, the last one counts."""
        self.transport.post(f"{self._path}/rule", {"item": item_id, "agrees": agrees, **more})

    def close(self) -> Mapping[str, Any]:
        """When every item has a ruling: the outcome, with `state`, `right` and `judged`.

        Raises ApiError: 409 `not_ruled` while items are left, `not_yours` when another expert has it by now.
        """
        return self.transport.post(f"{self._path}/close")

    def give_back(self) -> None:
        """Return it to those that wait; your rulings on it are forgotten."""
        self.transport.post(f"{self._path}/give-back")
