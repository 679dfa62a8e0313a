"""Experts who race for packages, each in a process of its own: `python -m tests.soak.package_racers PLAN.json`.

The plan names the web server's port, the database, the experts (their headers; somebody named twice has two tabs) and
the packages, one for each round. A round has three starts at a barrier:

  take    all want the package; who gets it rules on all of it
  close   the claim has lapsed: its holder closes the package while all others take it over, to rule on it and close it
  again   all close the package that is closed

The result is one JSON list: [round, start, expert, what was asked, status, code, text] of every answer.
"""

import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

import psycopg

from tests.soak.racers import SECONDS, Tab

_LAPSE = "UPDATE verification_reviewpackage SET held_until = now() - interval '1 hour' WHERE id = %s"


class Desk:
    """One tab of one expert; `told` collects every answer."""

    def __init__(self, plan: dict[str, Any], place: int) -> None:
        self.tab = Tab(plan["port"], plan["experts"][place]["headers"])
        self.expert = plan["experts"][place]["id"]
        self.address = plan["address"]
        self.told: list[list[Any]] = []
        self.moment: list[Any] = []

    def ask(self, what: str, path: str, content: Any) -> dict[str, Any] | None:
        """The answer; None for a refusal."""
        status, answer = self.tab.ask(f"{self.address}/{path}", content)
        error = answer.get("error", {})
        self.told.append(
            [
                *self.moment,
                self.expert,
                what,
                status,
                error.get("code", ""),
                error.get("message") or answer.get("state", ""),
            ]
        )
        return answer if status == 200 else None

    def take(self, package: int) -> dict[str, Any] | None:
        return self.ask("take", "take", {"package": package})

    def rule(self, package: int, items: list[int]) -> bool:
        """On all of them, or until one is refused."""
        return all(self.ask("rule", f"{package}/rule", {"item": item, "agrees": True}) is not None for item in items)

    def close(self, package: int) -> None:
        answer = self.ask("close", f"{package}/close", {})
        if answer is not None:
            self.told[-1][-2] = "repeated" if answer["repeated"] else "decided"


def race(plan: dict[str, Any], place: int, barrier: Any, results: Any) -> None:
    desk = None
    try:
        desk = Desk(plan, place)
        clock = psycopg.connect(plan["database"], autocommit=True) if place == 0 else None
        for number, package in enumerate(plan["packages"]):
            one_round(desk, number, package, barrier, clock)
    except Exception as error:  # noqa: BLE001  # told to the process that started this one
        barrier.abort()
        results.put([[None, None, None, "failed", 0, "", repr(error)], *(desk.told if desk else [])])
    else:
        results.put(desk.told)


def one_round(desk: Desk, number: int, package: int, barrier: Any, clock: Any) -> None:
    barrier.wait(SECONDS)
    desk.moment = [number, "take"]
    taken = desk.take(package)
    items = [item["id"] for item in taken["items"]] if taken else []
    if taken:
        desk.rule(package, items)
    barrier.wait(SECONDS)
    if clock is not None:
        clock.execute(_LAPSE, [package])
    barrier.wait(SECONDS)
    desk.moment = [number, "close"]
    if taken:
        desk.close(package)
        desk.rule(package, items[:1])  # too late, whoever closed it
    elif (over := desk.take(package)) and desk.rule(package, [item["id"] for item in over["items"]]):
        desk.close(package)
    barrier.wait(SECONDS)
    desk.moment = [number, "again"]
    desk.close(package)


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    context = multiprocessing.get_context("fork")
    crowd = len(plan["experts"])
    barrier, results = context.Barrier(crowd), context.SimpleQueue()
    processes = [context.Process(target=race, args=(plan, place, barrier, results)) for place in range(crowd)]
    for process in processes:
        process.start()
    told = [answer for _process in processes for answer in results.get()]
    for process in processes:
        process.join()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
