"""Passes of the engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argus_client.audits import Audit
from argus_client.errors import WaitedTooLong
from argus_client.transport import Transport


@dataclass(frozen=True)
class Stage:
    """`done` of `total` parts, or verdicts where people work."""

    name: str
    state: str
    done: int
    total: int


class Loop:
    """One loop: `facts` as they were when it was asked for; `refresh` asks again."""

    def __init__(self, transport: Transport, path: str, facts: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = path
        self.facts = dict(facts)

    @property
    def number(self) -> int:
        return int(self.facts["number"])

    @property
    def state(self) -> str:
        """running, finished, failed or cancelled."""
        return str(self.facts["state"])

    @property
    def stages(self) -> list[Stage]:
        """How far it is; empty before `refresh` on a loop from a list."""
        return [
            Stage(stage["name"], stage["state"], stage["done"], stage["total"])
            for stage in self.facts.get("stages", [])
        ]

    def refresh(self) -> Loop:
        self.facts = dict(self._transport.get(f"{self._path}/loops/{self.number}"))
        return self

    def cancel(self) -> Loop:
        """Stop it for good; verdicts and pay stand."""
        self.facts = dict(self._transport.post(f"{self._path}/loops/{self.number}/cancel"))
        return self

    def audits(self) -> list[Audit]:
        """What experts were asked about it, and what they said so far: shares with intervals in `facts`."""
        found = self._transport.get(f"{self._path}/loops/{self.number}/audits")
        return [Audit(self._transport, self._path, facts) for facts in found["audits"]]

    def draw_audit(
        self,
        population: str = "model",
        task_kind: str = "tag",
        *,
        size: int | None = None,
        overlap_share: float | None = None,
    ) -> Audit:
        """Have a uniform sample drawn for experts: `wait` on it. population: model or verified; task_kind: tag or qa.

        Drawn once for each; asked for again, one that could not be drawn is tried again.
        """
        sent = {"population": population, "task_kind": task_kind, "size": size, "overlap_share": overlap_share}
        facts = self._transport.post(
            f"{self._path}/loops/{self.number}/audits", {name: each for name, each in sent.items() if each is not None}
        )
        return Audit(self._transport, self._path, facts)

    def wait(self, *, timeout: float = 86_400.0, every: float = 10.0) -> Loop:
        """Until it runs no more. Raises WaitedTooLong."""
        deadline = time.monotonic() + timeout
        while self.refresh().state == "running":
            if time.monotonic() + every > deadline:
                raise WaitedTooLong(f"loop {self.number} still runs")
            time.sleep(every)
        return self
