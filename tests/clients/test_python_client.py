"""The Python client against a live server: real HTTP, real tokens, broken connections."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argus_client import ApiError, Client, ConnectionFailed, DigestMismatch, is_signed

from tests.factories import make_sample
from verification.models import Export, Verdict
from verification.services.exports import run_export
from verification.webhook_signatures import signature_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_ana(project: Any, ana: Any, as_client: Any) -> Client:
    client: Client = as_client(ana)
    return client


class Breaker(threading.Thread):
    """A proxy that lets `whole` bytes of each answer through and then breaks the connection, `times` times."""

    def __init__(self, address: str, *, whole: int, times: int) -> None:
        super().__init__(daemon=True)
        self._target = address.removeprefix("http://").split(":")
        self._whole, self._times = whole, times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                accepted, _peer = self._listener.accept()
            except OSError:
                return
            self._serve(accepted)

    def _serve(self, accepted: socket.socket) -> None:
        host, port = self._target
        with accepted, socket.create_connection((host, int(port))) as server:
            request = b""
            while b"\r\n\r\n" not in request:
                part = accepted.recv(65536)
                if not part:
                    return
                request += part
            head, _blank, body = request.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            while len(body) < length:
                body += accepted.recv(65536)
            server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            left = self._whole if self._times else 1 << 60
            self._times = max(0, self._times - 1)
            while left > 0 and (answer := server.recv(min(65536, left))):
                accepted.sendall(answer)
                left -= len(answer)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next one
        self._listener.close()
        self.join(timeout=5)


@pytest.fixture
def breaking(live_server: Any) -> Iterator[Any]:
    made: list[Breaker] = []

    def start(**how: int) -> str:
        breaker = Breaker(live_server.url, **how)
        breaker.start()
        made.append(breaker)
        return breaker.url

    yield start
    for breaker in made:
        breaker.stop()


def test_who_am_i_and_what_do_i_see(as_ana: Client) -> None:
    assert as_ana.me()["username"] == "ana"
    assert [project.slug for project in as_ana.projects()] == ["street"]
    with pytest.raises(ApiError) as refused:
        as_ana.project("elsewhere")
    assert (refused.value.status, refused.value.code) == (404, "not_found")


def test_all_items_are_judged_once_each(project: Any, ana: Any, as_ana: Client) -> None:
    make_sample(project, items=9)
    done = 0
    for item in as_ana.project("street").work(ahead=4):
        assert item.image()[8:12] == b"WEBP"
        assert item.submit([item.tags[0], item.tags[1].text], seconds=2.0) is False
        done += 1
    assert done == 9
    verdicts = Verdict.objects.filter(annotator=ana)
    assert verdicts.count() == 9
    assert all(len(verdict.rejected_ids) == 2 for verdict in verdicts)
    assert as_ana.project("street").my_numbers()["items_today"] == 9


def test_leaving_the_loop_gives_items_back(project: Any, ana: Any, edo: Any, as_ana: Client) -> None:
    from verification.models import Assignment

    make_sample(project, items=6)
    for item in as_ana.project("street").work(ahead=4):
        item.skip("unclear_region")
        break
    assert not Assignment.objects.filter(annotator=ana, state="leased").exists()


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(
    project: Any, ana: Any, as_client: Any, breaking: Any
) -> None:
    make_sample(project, items=1)
    client = as_client(ana)
    item = next(client.project("street").work())
    item._transport = as_client(ana, url=breaking(whole=10, times=2)).transport
    assert item.submit() is True  # the first answer was lost, the verdict was not
    assert Verdict.objects.filter(annotator=ana).count() == 1


def test_a_verdict_can_be_undone(project: Any, ana: Any, as_ana: Client) -> None:
    make_sample(project, items=1)
    work = as_ana.project("street")
    for item in work.work():
        item.submit()
    assert work.undo(item.key) is False
    assert Verdict.objects.filter(annotator=ana, is_withdrawal=True).count() == 1


@pytest.fixture
def export(project: Any, lea: Any) -> Export:
    """A finished export with a file that takes several chunks."""
    made = Export.objects.create(project=project, kind="tags", schema_version="tags-1", created_by=lea)
    finished = run_export(made.pk)
    assert finished is not None
    return finished


def pad(export: Export, content: bytes) -> None:
    """Put other bytes in place of the export's file, as if the corpus were large."""
    import hashlib

    from verification.services.exports import export_path

    export_path(export).write_bytes(content)
    Export.objects.filter(pk=export.pk).update(
        sha256=hashlib.sha256(content).hexdigest(), file_bytes=len(content), rows_done=1
    )


def test_a_download_that_breaks_goes_on_where_it_stopped(
    project: Any, cleo: Any, export: Export, breaking: Any, tmp_path: Path, as_client: Any
) -> None:
    content = bytes(range(256)) * 8000
    pad(export, content)
    client = as_client(cleo, url=breaking(whole=600_000, times=3))
    found = client.project("street").exports().__next__()
    seen: list[int] = []
    target = found.download(tmp_path / "tags.jsonl", progress=lambda done, total: seen.append(done))
    assert target.read_bytes() == content
    assert seen == sorted(seen), "no byte was fetched twice"
    assert not (tmp_path / "tags.jsonl.part").exists()


def test_a_later_run_goes_on_too_and_another_file_is_never_joined(
    project: Any, cleo: Any, export: Export, as_client: Any, tmp_path: Path
) -> None:
    pad(export, b"first " * 1000)
    found = next(as_client(cleo).project("street").exports())
    part = tmp_path / "tags.jsonl.part"
    part.write_bytes(b"first " * 400)
    first_seen: list[int] = []
    found.download(tmp_path / "tags.jsonl", progress=lambda done, total: first_seen.append(total))
    assert first_seen[0] == 6000
    part.write_bytes(b"something else")
    with pytest.raises(DigestMismatch):
        found.download(tmp_path / "tags.jsonl")
    assert not part.exists()
    assert found.download(tmp_path / "tags.jsonl").read_bytes() == b"first " * 1000


def test_an_export_is_asked_for_watched_and_refused_while_unfinished(
    project: Any, cleo: Any, as_client: Any, tmp_path: Path
) -> None:
    street = as_client(cleo).project("street")
    asked = street.export("tags")
    assert asked.state == "pending"
    assert street.export("tags").id == asked.id
    with pytest.raises(ApiError) as refused:
        asked.download(tmp_path / "tags.jsonl")
    assert refused.value.status == 409
    with pytest.raises(ApiError) as refused:
        street.export("everything")
    assert "kind" in refused.value.fields
    run_export(asked.id)
    assert asked.wait(every=0.01).meta()["records"] == 0
    assert [one.id for one in street.exports()] == [asked.id]


def test_a_lead_starts_a_loop_and_cancels_it(project: Any, lea: Any, as_client: Any) -> None:
    from tests.factories import make_image

    make_image(project)
    street = as_client(lea).project("street")
    loop = street.start_loop(budget=10)
    assert (loop.number, loop.state) == (0, "running")
    assert [stage.name for stage in loop.refresh().stages]
    with pytest.raises(ApiError) as refused:
        street.start_loop()
    assert refused.value.status == 409
    assert loop.cancel().state == "cancelled"
    assert [one.number for one in street.loops()] == [0]
    assert street.numbers()["photos"]["value"] == 1


def test_a_server_that_is_not_there_is_said_so(ana: Any, as_client: Any) -> None:
    with pytest.raises(ConnectionFailed):
        as_client(ana, url="http://127.0.0.1:9", tries=2).me()


def test_too_often_waits_as_long_as_the_server_says(project: Any, ana: Any, as_client: Any, settings: Any) -> None:
    settings.ARGUS_API_PER_MINUTE = 3
    waited: list[float] = []
    client = as_client(ana, "read", tries=2, sleep=waited.append)
    with pytest.raises(ApiError) as refused:
        [client.me() for _ in range(10)]
    assert refused.value.code == "too_many"
    assert 1 <= waited[0] <= 60


def test_closing_ends_the_connections_although_an_error_is_kept(ana: Any, as_client: Any) -> None:
    def busy() -> int:
        return sum("process_request_thread" in thread.name for thread in threading.enumerate())

    client = as_client(ana)
    with pytest.raises(ApiError) as refused:
        client.project("elsewhere")
    assert busy() == 1
    client.close()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=5)
    assert busy() == 0
    assert refused.value.status == 404


def test_receivers_check_signatures_as_senders_make_them() -> None:
    header = signature_of("whsec_x", b"body", at=1000)
    assert is_signed(header, "whsec_x", b"body", now=1200)
    assert not is_signed(header, "whsec_x", b"body", now=1301)
    assert not is_signed(header, "whsec_x", b"body ", now=1000)
    assert not is_signed("nonsense", "whsec_x", b"body", now=1000)
