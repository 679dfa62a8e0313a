"""Posting to an address that a person typed: the guards of fetching hold here too."""

import threading
import time
from collections.abc import Iterator

import pytest

from annotation.fetching import FetchLimits, FetchRefused
from annotation.posting import check_address, post
from tests.verification.services.webhook_receivers import Receiver, receiver

LOCAL = FetchLimits(allow_networks=("127.0.0.0/8",), connect_s=2, read_s=1, total_s=2)


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def test_the_body_arrives_with_the_name_of_the_host(server: Receiver) -> None:
    assert post(f"{server.address}/ü?a=1", b"{}", {"Content-Type": "application/json"}, LOCAL) == 204
    ((path, headers, body),) = server.arrived
    assert (path, body) == ("/%C3%BC?a=1", b"{}")
    assert headers["Host"] == server.address.removeprefix("http://")


def test_a_name_that_turns_private_between_check_and_use_is_not_followed(server: Receiver) -> None:
    """The name is resolved once, and that address is the one connected to: a second answer of the DNS is never asked."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    port = server.address.rpartition(":")[2]
    assert post(f"http://hooks.example.org:{port}/", b"x", {}, LOCAL, resolver=resolver) == 204
    assert asked == ["hooks.example.org"]


def test_a_name_with_one_private_address_among_public_ones_is_refused(server: Receiver) -> None:
    with pytest.raises(FetchRefused) as refused:
        post("http://mixed.example.org/", b"x", {}, resolver=lambda host, port: ["93.184.216.34", "127.0.0.1"])
    assert (refused.value.code, refused.value.permanent) == ("private_address", True)


def test_a_slow_receiver_is_cut_off(server: Receiver) -> None:
    before = threading.active_count()
    with pytest.raises(FetchRefused) as refused:
        post(f"{server.address}/slow", b"x", {}, LOCAL)
    assert (refused.value.code, refused.value.permanent) == ("timeout", False)
    time.sleep(0)
    assert threading.active_count() <= before + 3


def test_nobody_there_may_be_tried_again() -> None:
    with pytest.raises(FetchRefused) as refused:
        post("http://127.0.0.1:9/", b"x", {}, LOCAL)
    assert not refused.value.permanent


@pytest.mark.parametrize(
    "url", ["https://example.org/hook", "http://93.184.216.34:8080/", "https://[2606:2800:220:1::]/"]
)
def test_public_addresses_pass_the_first_look(url: str) -> None:
    check_address(url)
