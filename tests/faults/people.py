"""People at work over HTTP: keep-alive connections, and what a browser does when no answer comes."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bench.queue_data import session_headers

SLUG = "street"
EVERYBODY: list["Person"] = []
"""All whose connections a test may have left open."""


class NoAnswer(Exception):
    """The connection broke before the answer was there: nobody knows whether the request was carried out."""


@dataclass(frozen=True)
class Answer:
    status: int
    content: dict[str, Any]

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.content.get("error", {}).get("code", ""))


class Person:
    """A signed-in annotator with one connection to the server. Use several for several tabs."""

    def __init__(self, user: Any, port: int, *, headers: dict[str, str] | None = None) -> None:
        self.user = user
        self.port = port
        self.headers = headers or session_headers(user)
        self.connection: http.client.HTTPConnection | None = None
        EVERYBODY.append(self)

    def another_tab(self) -> "Person":
        """The same session on a connection of its own."""
        return Person(self.user, self.port, headers=self.headers)

    def post(self, name: str, content: dict[str, Any], **headers: str) -> Answer:
        """POST to `work/tags/NAME`. Raises NoAnswer."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            self.connection.request(
                "POST",
                f"/p/{SLUG}/work/tags/{name}",
                json.dumps(content),
                {"Content-Type": "application/json", **self.headers, **headers},
            )
            response = self.connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            raise NoAnswer(repr(error)) from error
        is_json = response.headers.get_content_type() == "application/json"
        return Answer(response.status, json.loads(body) if is_json else {"page": body.decode(errors="replace")})

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def lease(self, want: int = 1, have: Iterable[int] = ()) -> list[dict[str, Any]]:
        answer = self.post("lease", {"want": want, "have": list(have)})
        assert answer.status == 200, answer
        items: list[dict[str, Any]] = answer.content["items"]
        return items

    def submit(self, item: dict[str, Any], *, wrong: int = 0, key: str = "", want: int = 0) -> Answer:
        return self.post("submit", verdict_on(item, wrong=wrong, key=key, want=want))

    def keep_trying(self, name: str, content: dict[str, Any], *, seconds: float = 120) -> Answer:
        """As the outbox of the page: the same request until the server has decided about it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self.post(name, content)
                if answer.status < 500:
                    return answer
                problem = str(answer)
            except NoAnswer as error:
                problem = str(error)
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} is not answered after {seconds:.0f} s: {problem[:500]}")
            time.sleep(0.05)


def verdict_on(item: dict[str, Any], *, wrong: int = 0, key: str = "", want: int = 0) -> dict[str, Any]:
    """What the page sends for an item of which the first `wrong` tags are wrong."""
    return {
        "assignment": item["assignment"],
        "ticket": item["ticket"],
        "rejected": [tag["id"] for tag in item["tags"][:wrong]],
        "seconds": 2.5,
        "key": key or str(uuid.uuid4()),
        "want": want,
    }


@dataclass
class Worked:
    """What one person was told: verdicts that the server said it has, and the codes of its refusals."""

    acknowledged: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    signed_out: int = 0


def work(person: Person, *, ahead: int = 3, pause: float = 0.0) -> Worked:
    """Judge until nothing is open for this person, trying again whatever fails, as the page does."""
    worked = Worked()
    while True:
        answer = person.keep_trying("lease", {"want": ahead, "have": []})
        if answer.status == 401:
            worked.signed_out += 1
            return worked
        assert answer.status == 200, answer
        if not answer.content["items"]:
            return worked
        for number, item in enumerate(answer.content["items"]):
            sent = verdict_on(item, wrong=number % 3)
            received = person.keep_trying("submit", sent)
            if received.status == 200:
                worked.acknowledged.add(sent["key"])
            elif received.status == 401:
                worked.signed_out += 1
                return worked
            else:
                worked.refused.append(received.code)
            time.sleep(pause)


def at_once(calls: list[Callable[[], Any]], *, seconds: float = 90) -> list[Any]:
    """Run the calls side by side, started together; their results in order. The first error is raised."""
    barrier = threading.Barrier(len(calls), timeout=60)
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[place] = call()
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(place, call), daemon=True) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=seconds)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "somebody is still waiting for an answer"
    return results
