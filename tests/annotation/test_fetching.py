"""Against real servers on this machine; `LOCAL` lets a test reach them, everything else is refused by default."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from annotation.fetching import FetchLimits, FetchRefused, fetch, is_public

LOCAL = FetchLimits(allow_networks=("127.0.0.0/8",), connect_s=2, read_s=1, total_s=3, max_bytes=1_000_000)


class Handler(BaseHTTPRequestHandler):
    """Behaves well or badly by path."""

    seen: list[dict[str, str]] = []  # cleared by the fixture

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        Handler.seen.append({"path": self.path, **dict(self.headers)})
        name = self.path.split("?")[0].strip("/").split("/")[0]
        try:
            getattr(self, f"answer_{name}")()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer_photo(self) -> None:
        self.reply(200, b"bytes of a photo")

    def answer_missing(self) -> None:
        self.reply(404, b"not here")

    def answer_busy(self) -> None:
        self.reply(503, b"later")

    def answer_redirect(self) -> None:
        self.reply(302, b"", Location=unquote(self.path.split("?to=", 1)[1]))

    def answer_nowhere(self) -> None:
        self.reply(302, b"")

    def answer_lies(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5000000000")
        self.end_headers()

    def answer_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")

    def answer_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 65536)

    def answer_chunks(self) -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (b"bytes of", b" a photo", b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def answer_gzip(self) -> None:
        self.reply(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})

    def answer_silent(self) -> None:
        time.sleep(4)

    def answer_drip(self) -> None:
        """One byte every fifth of a second: no single read ever times out."""
        self.send_response(200)
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b"x")
            time.sleep(0.2)

    def answer_dripheaders(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        for _ in range(60):
            self.wfile.write(b"X")
            time.sleep(0.2)

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of a server on 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture(autouse=True)
def _forget_requests() -> None:
    Handler.seen.clear()


class Names:
    """A resolver that answers in turn, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.calls = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.calls += 1
        return self.answers[min(self.calls, len(self.answers)) - 1]


def refusal(url: str, limits: FetchLimits = LOCAL, resolver: Names | None = None) -> FetchRefused:
    with pytest.raises(FetchRefused) as caught:
        fetch(url, limits, resolver=resolver) if resolver else fetch(url, limits)
    assert caught.value.message.endswith(".")
    return caught.value


def test_a_file_is_fetched(server: str) -> None:
    assert fetch(f"{server}/photo", LOCAL).data == b"bytes of a photo"
    assert fetch(f"{server}/chunks", LOCAL).data == b"bytes of a photo"


def test_the_machine_itself_is_refused_by_default(server: str) -> None:
    assert refusal(f"{server}/photo", FetchLimits()).code == "private_address"
    assert refusal(server.replace("127.0.0.1", "localhost"), FetchLimits()).code == "private_address"
    assert refusal(server.replace("127.0.0.1", "0x7f.1"), FetchLimits()).code == "private_address"
    assert refusal(server.replace("127.0.0.1", "2130706433"), FetchLimits()).code == "private_address"
    assert Handler.seen == []


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3",  # noqa: S104
        "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.255.255", "192.168.0.1",
        "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a00:1",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "2001:db8::1", "fe80::1",
        "fe80::1%lo", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "nonsense", "",
    ],
)  # fmt: skip
def test_closed_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"])
def test_a_name_that_points_inside_is_refused(address: str) -> None:
    assert refusal("http://photos.example/a.jpg", LOCAL, Names([address])).code == "private_address"


def test_a_name_with_one_public_and_one_private_address_is_refused() -> None:
    names = Names(["93.184.216.34", "10.0.0.1"])
    assert refusal("http://photos.example/a.jpg", FetchLimits(), names).code == "private_address"


def test_the_name_is_resolved_once_and_the_checked_address_is_used(server: str) -> None:
    """DNS rebinding: a second answer would point elsewhere; it is never asked for."""
    names = Names(["127.0.0.1"], ["10.255.255.1"])
    port = server.rpartition(":")[2]
    assert fetch(f"http://photos.example:{port}/photo", LOCAL, resolver=names).data == b"bytes of a photo"
    assert names.calls == 1
    assert Handler.seen[0]["Host"] == f"photos.example:{port}"


def test_a_redirect_is_followed(server: str) -> None:
    fetched = fetch(f"{server}/redirect?to=/photo", LOCAL)
    assert fetched.data == b"bytes of a photo"
    assert fetched.url == f"{server}/photo"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://10.0.0.1/admin", "private_address"),
        ("http://169.254.169.254/latest/meta-data", "private_address"),
        ("http://[::ffff:169.254.169.254]/", "private_address"),
        ("//192.168.1.1/", "private_address"),
        ("file:///etc/passwd", "bad_scheme"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "bad_scheme"),
    ],
)
def test_a_redirect_to_a_closed_place_is_refused(server: str, target: str, code: str) -> None:
    assert refusal(f"{server}/redirect?to={target}").code == code


def test_a_redirect_is_resolved_again(server: str) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    port = server.rpartition(":")[2]
    error = refusal(f"http://a.example:{port}/redirect?to=http://b.example/photo", LOCAL, names)
    assert (error.code, names.calls) == ("private_address", 2)


def test_circles_of_redirects_end(server: str) -> None:
    limits = FetchLimits(allow_networks=("127.0.0.0/8",), max_redirects=1)
    assert refusal(f"{server}/redirect?to=/redirect%3Fto=/photo", limits).code == "too_many_redirects"
    assert refusal(f"{server}/nowhere").code == "bad_redirect"


def test_statuses_say_whether_trying_again_makes_sense(server: str) -> None:
    missing, busy = refusal(f"{server}/missing"), refusal(f"{server}/busy")
    assert (missing.code, missing.permanent) == ("http_status", True)
    assert (busy.code, busy.permanent) == ("http_status", False)


def test_an_announced_length_over_the_limit_is_refused_at_once(server: str) -> None:
    assert refusal(f"{server}/lies").code == "too_many_bytes"


def test_an_endless_body_is_cut_at_the_limit(server: str) -> None:
    assert refusal(f"{server}/endless").code == "too_many_bytes"


def test_a_body_shorter_than_announced_is_refused(server: str) -> None:
    error = refusal(f"{server}/short")
    assert (error.code, error.permanent) == ("connection_lost", False)


def test_a_compressed_answer_is_refused(server: str) -> None:
    assert refusal(f"{server}/gzip").code == "encoded"


@pytest.mark.parametrize(("path", "at_least"), [("silent", 0.9), ("drip", 1.4), ("dripheaders", 1.4)])
def test_slow_servers_are_left(server: str, path: str, at_least: float) -> None:
    limits = FetchLimits(allow_networks=("127.0.0.0/8",), connect_s=1, read_s=1, total_s=1.5)
    started = time.monotonic()
    error = refusal(f"{server}/{path}", limits)
    assert (error.code, error.permanent) == ("timeout", False)
    assert at_least <= time.monotonic() - started < 2.5


def test_a_slow_resolver_is_left() -> None:
    def never(host: str, port: int) -> list[str]:
        time.sleep(5)
        return ["93.184.216.34"]

    started = time.monotonic()
    with pytest.raises(FetchRefused, match="in time"):
        fetch("http://photos.example/", FetchLimits(connect_s=0.3), resolver=never)
    assert time.monotonic() - started < 2


def test_a_closed_port_is_no_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = refusal(f"http://127.0.0.1:{port}/")
    assert (error.code, error.permanent) == ("no_connection", False)


def test_the_next_address_is_tried_when_the_first_does_not_answer(server: str) -> None:
    port = server.rpartition(":")[2]
    names = Names(["127.0.0.2", "127.0.0.1"])  # the server listens on the second only
    assert fetch(f"http://photos.example:{port}/photo", LOCAL, resolver=names).data == b"bytes of a photo"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.org/a.jpg", "bad_scheme"),
        ("file:///etc/passwd", "bad_scheme"),
        ("example.org/a.jpg", "bad_scheme"),
        ("http:///a.jpg", "bad_address"),
        ("http://user:secret@example.org/", "bad_address"),
        ("http://example.org/\r\nX-Injected: 1", "bad_address"),
        ("http://example.org:99999/", "bad_address"),
        ("http://[::1/", "bad_address"),
        ("http://" + "a" * 5000, "bad_address"),
    ],
)
def test_bad_addresses_are_refused(url: str, code: str) -> None:
    assert refusal(url).code == code


def test_letters_outside_ascii_are_sent_encoded(server: str) -> None:
    fetch(f"{server}/photo/größe 1.jpg".replace(" ", "%20") + "?q=ä", LOCAL)
    assert Handler.seen[0]["path"] == "/photo/gr%C3%B6%C3%9Fe%201.jpg?q=%C3%A4"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of photos.example, in one file."""
    path = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", str(path),
         "-out", str(tmp_path / "cert.pem"), "-subj", "/CN=photos.example",
         "-addext", "subjectAltName=DNS:photos.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (tmp_path / "cert.pem").read_bytes())
    return path


@pytest.fixture
def tls_port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port
        running.shutdown()


def test_tls_is_checked_against_the_name_although_the_address_is_pinned(
    tls_port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://photos.example:{tls_port}/photo"
    assert refusal(url, LOCAL, Names(["127.0.0.1"])).code == "bad_certificate"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetch(url, LOCAL, resolver=Names(["127.0.0.1"])).data == b"bytes of a photo"
    other = f"https://other.example:{tls_port}/photo"
    assert refusal(other, LOCAL, Names(["127.0.0.1"])).code == "bad_certificate"
