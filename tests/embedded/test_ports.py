"""The web port is checked before anything listens on it."""

import socket
from collections.abc import Iterator

import pytest

from webapp.embedded.errors import EmbeddedServersError, PortTakenError
from webapp.embedded.ports import check_port, requested_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_8000_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    assert requested_port() == 8000


def test_the_environment_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert requested_port() == 9000


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80.5"])
def test_what_is_no_port_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(EmbeddedServersError, match=f"PORT={text}"):
        requested_port()


def test_a_taken_port_is_named_and_a_free_one_offered(taken_port: int) -> None:
    with pytest.raises(PortTakenError, match=f"Port {taken_port} is taken") as caught:
        check_port("127.0.0.1", taken_port)
    offered = int(str(caught.value).split("PORT=")[1].split()[0])
    check_port("127.0.0.1", offered)


def test_checking_a_free_port_leaves_it_free(taken_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    check_port("127.0.0.1", free)
    check_port("127.0.0.1", free)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(EmbeddedServersError, match=r"cannot listen on 192\.0\.2\.1"):
        check_port("192.0.2.1", 8000)
