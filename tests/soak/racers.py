"""People who race for items, each in a process of its own: `python -m tests.soak.racers PLAN.json`.

The plan names the web server's port, the database, the people (their headers; somebody named twice has two tabs) and
the rounds: the items that become open together. All wait at a barrier, one of them makes the slots of the round's items,
all wait again and rush: lease, submit, lease, until nothing is left. The result is one JSON object: how many requests, how many
verdicts were acknowledged, and every answer that should not have been.
"""

import json
import multiprocessing
import sys
import uuid
from pathlib import Path
from typing import Any

import psycopg

from bench.annotators import Connection

SECONDS = 300  # for all to come to the barrier
WANT = 2
# Two tabs of one person may be given the same item; the second verdict on it is refused.
EXPECTED_REFUSALS = {"already_done", "lease_lost"}

OPEN = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state)
SELECT item.sample_id, item.id, 0, slot, item.id * 1000 + slot, 'open'
FROM verification_sampleitem item JOIN verification_sample sample ON sample.id = item.sample_id
CROSS JOIN LATERAL generate_series(0, sample.overlap - 1) slot
WHERE item.id = ANY(%s)
"""


class Tab(Connection):
    """One connection of one person."""

    def ask(self, path: str, content: Any) -> tuple[int, dict[str, Any]]:
        body = json.dumps(content).encode()
        self.socket.sendall(b"POST %s%sContent-Length: %d\r\n\r\n%s" % (path.encode(), self.head, len(body), body))
        status, answer, closing = self.read()
        if closing:
            self.socket.close()
            self.open()
        return status, json.loads(answer) if answer.startswith(b"{") else {"page": answer[:300].decode()}


def race(plan: dict[str, Any], place: int, barrier: Any, results: Any) -> None:
    told: dict[str, Any] = {"requests": 0, "acknowledged": 0, "wrong": []}
    try:
        tab = Tab(plan["port"], plan["people"][place])
        opener = psycopg.connect(plan["database"], autocommit=True) if place == 0 else None
        for items in plan["rounds"]:
            barrier.wait(SECONDS)
            if opener is not None:
                opener.execute(OPEN, [items])
            barrier.wait(SECONDS)
            rush(tab, plan["address"], told)
        while rush(tab, plan["address"], told):  # what two tabs left between them
            pass
    except Exception as error:  # noqa: BLE001  # told to the process that started this one
        told["wrong"].append(repr(error))
        barrier.abort()
    results.put(told)


def rush(tab: Tab, address: str, told: dict[str, Any]) -> bool:
    """Lease, then submit until nothing more comes. Whether there was anything to do."""
    items = list(answered(tab, f"{address}/lease", {"want": WANT, "have": []}, told)["items"])
    found = bool(items)
    while items:
        item = items.pop(0)
        verdict = {
            "assignment": item["assignment"],
            "ticket": item["ticket"],
            "rejected": [tag["id"] for tag in item["tags"][: item["item"] % 3]],
            "seconds": 1.5,
            "key": str(uuid.uuid4()),
            "want": 0 if items else 1,
        }
        receipt = answered(tab, f"{address}/submit", verdict, told)
        told["acknowledged"] += "error" not in receipt
        items += receipt.get("items", [])
    return found


def answered(tab: Tab, path: str, content: Any, told: dict[str, Any]) -> dict[str, Any]:
    status, answer = tab.ask(path, content)
    told["requests"] += 1
    if status != 200 and answer.get("error", {}).get("code") not in EXPECTED_REFUSALS:
        told["wrong"].append(f"{path}: {status} {answer}"[:300])
        raise RuntimeError("the race is over")
    return answer


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    context = multiprocessing.get_context("fork")
    crowd = len(plan["people"])
    barrier, results = context.Barrier(crowd), context.SimpleQueue()
    processes = [context.Process(target=race, args=(plan, place, barrier, results)) for place in range(crowd)]
    for process in processes:
        process.start()
    told = [results.get() for _process in processes]
    for process in processes:
        process.join()
    print(
        json.dumps(
            {
                "requests": sum(one["requests"] for one in told),
                "acknowledged": sum(one["acknowledged"] for one in told),
                "wrong": [wrong for one in told for wrong in one["wrong"]],
            }
        )
    )


if __name__ == "__main__":
    main()
