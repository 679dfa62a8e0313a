"""Passes of the engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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

    def wait(self, *, timeout: float = 86_400.0, every: float = 10.0) -> Loop:
        """Until it runs no more. Raises WaitedTooLong."""
        deadline = time.monotonic() + timeout
        while self.refresh().state == "running":
            if time.monotonic() + every > deadline:
                raise WaitedTooLong(f"loop {self.number} still runs")
            time.sleep(every)
        return self
