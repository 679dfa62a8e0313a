"""Annotators that never think: keep-alive connections, one thread each, in a process of their own.

    python -m bench.annotators PLAN.json

The plan names the address, the seconds, the kind of server and the people; the result is one JSON object: pairs (a
verdict sent and the next item received), their latencies in milliseconds, and every item that each of them was given.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import psycopg

from bench.bare_django.tables import SUBMIT, TAKE


class Connection:
    """HTTP/1.1 over one socket; just enough to talk to gunicorn."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.port = port
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.head = f" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{lines}".encode()
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def post(self, path: str, content: Any) -> dict[str, Any]:
        body = json.dumps(content).encode()
        request = b"POST %s%sContent-Length: %d\r\n\r\n%s" % (path.encode(), self.head, len(body), body)
        self.socket.sendall(request)
        status, answer, closing = self.read()
        if closing:
            self.socket.close()
            self.open()
        if status != 200:
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def read(self) -> tuple[int, bytes, bool]:
        data = self.rest
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        lowered = head.lower()
        length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.receive()
        self.rest = body[length:]
        return int(head.split(b" ", 2)[1]), body[:length], b"connection: close" in lowered

    def receive(self) -> bytes:
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        return chunk


class Annotator(threading.Thread):
    """Submits and takes as fast as the server answers. `pair` is one verdict and one new item."""

    def __init__(self, plan: dict[str, Any], person: dict[str, Any], start: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self.plan, self.person, self.begin = plan, person, start
        self.latencies: list[float] = []
        self.given: list[int] = []
        self.error: str | None = None

    def run(self) -> None:
        try:
            self.connect()
            self.prepare()
            self.begin.wait()
            until = time.perf_counter() + self.plan["seconds"]
            while (now := time.perf_counter()) < until:
                self.pair()
                self.latencies.append((time.perf_counter() - now) * 1000)
        except Exception as error:  # noqa: BLE001  # told to the process that started this one
            self.error = repr(error)
            self.begin.abort()

    def connect(self) -> None:
        self.connection = Connection(self.plan["port"], self.person.get("headers", {}))

    def prepare(self) -> None:
        raise NotImplementedError

    def pair(self) -> None:
        raise NotImplementedError


class ArgusAnnotator(Annotator):
    """As the page does: some items ahead; a verdict's answer brings the next one."""

    def prepare(self) -> None:
        self.ahead: deque[dict[str, Any]] = deque()
        self.keep(self.connection.post(self.plan["lease"], {"want": 6}))

    def keep(self, answer: dict[str, Any]) -> None:
        for item in answer["items"]:
            self.ahead.append(item)
            self.given.append(item["assignment"])

    def pair(self) -> None:
        item = self.ahead.popleft()
        said = {"rejected": [tag["id"] for tag in item["tags"][:2]]} if "tags" in item else {"choice": "correct"}
        verdict = {
            "assignment": item["assignment"],
            "ticket": item["ticket"],
            **said,
            "seconds": 3.2,
            "key": str(uuid.uuid4()),
            "want": 1,
        }
        self.keep(self.connection.post(self.plan["submit"], verdict))


class BareAnnotator(Annotator):
    def prepare(self) -> None:
        self.who = {"annotator": self.person["number"]}
        self.item = self.take()

    def take(self) -> int:
        item: int = self.connection.post("/take", self.who)["item"]
        self.given.append(item)
        return item

    def verdict(self) -> dict[str, Any]:
        return {**self.who, "item": self.item, "rejected": [1, 2]}


class TwoRequests(BareAnnotator):
    def pair(self) -> None:
        self.connection.post("/submit", self.verdict())
        self.item = self.take()


class OneRequest(BareAnnotator):
    def pair(self) -> None:
        self.item = self.connection.post("/both", self.verdict())["item"]
        self.given.append(self.item)


class RawStatements(Annotator):
    """What nobody can beat: the statements of the bare view in a transaction each, without a web server."""

    def connect(self) -> None:
        self.database = psycopg.connect(**self.plan["database"], autocommit=True)

    def prepare(self) -> None:
        self.who = self.person["number"]
        self.item = self.take()

    def take(self) -> int:
        item, _shown = self.database.execute(TAKE, [self.who]).fetchone() or (0, "")
        self.given.append(item)
        return int(item)

    def pair(self) -> None:
        self.database.execute(SUBMIT, {"item": self.item, "annotator": self.who, "rejected": [1, 2]})
        self.item = self.take()


KINDS: dict[str, type[Annotator]] = {
    "argus": ArgusAnnotator,
    "two": TwoRequests,
    "one": OneRequest,
    "raw": RawStatements,
}


def work(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the plan. Returns `seconds`, `latencies` (ms) and `given` (a list of ids for each annotator)."""
    barrier = threading.Barrier(len(plan["people"]) + 1)
    annotators = [KINDS[plan["kind"]](plan, person, barrier) for person in plan["people"]]
    for annotator in annotators:
        annotator.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait()
    started = time.perf_counter()
    for annotator in annotators:
        annotator.join()
    errors = [annotator.error for annotator in annotators if annotator.error]
    if errors:
        raise SystemExit(f"{len(errors)} annotators failed: {errors[0]}")
    return {
        "seconds": time.perf_counter() - started,
        "latencies": [value for annotator in annotators for value in annotator.latencies],
        "given": [annotator.given for annotator in annotators],
    }


if __name__ == "__main__":
    print(json.dumps(work(json.loads(Path(sys.argv[1]).read_text()))))
