"""A roster's names become backends, or a message that says what exists."""

from typing import Any

import pytest

from annotation.pipeline.rosters import DEFAULT_ROSTER, BackendChoice, RosterError, parse_roster
from workers.rosters import FACTORIES, backends_of, load_backend, load_roster


def choice(backend: str, **options: Any) -> BackendChoice:
    return BackendChoice(backend=backend, options=options)


def test_the_default_roster_loads() -> None:
    backends = load_roster(DEFAULT_ROSTER)
    assert [source.localizer.name for source in backends.sources] == ["import:boxes", "builtin:proposals"]
    assert backends.spotter.name == "builtin:spotter"
    assert backends.magnifier is None


def test_a_worker_loads_a_roster_once() -> None:
    same = parse_roster(DEFAULT_ROSTER.model_dump(mode="json"))
    assert backends_of(DEFAULT_ROSTER) is backends_of(same)


ELSEWHERE = {"builtin:ocr"}
"""Need a program."""


@pytest.mark.parametrize(("role", "name"), [key for key in FACTORIES if key[1] not in ELSEWHERE])
def test_every_backend_can_be_made(role: str, name: str) -> None:
    named = load_backend(role, choice(name))
    assert named.name == name
    assert named.producer.version


def test_a_producer_is_known_by_its_effective_options() -> None:
    plain = load_backend("spotter", choice("builtin:spotter")).producer
    spelt_out = load_backend("spotter", choice("builtin:spotter", max_tags=30)).producer
    other = load_backend("spotter", choice("builtin:spotter", max_tags=29)).producer
    assert (plain.backend, plain.model) == ("builtin", "spotter")
    assert plain == spelt_out
    assert plain != other


@pytest.mark.parametrize(
    ("role", "name", "reason"),
    [
        ("spotter", "builtin:spoter", r"no backend that this build knows.*builtin:spotter, import:captions"),
        ("matcher", "hf:openai/clip-vit-base-patch32", r"not installed in this build.*builtin:matcher"),
        ("responder", "openai:llava", "not installed in this build"),
        ("responder", "rclip:loop-1", r"cannot serve as responder.*builtin:responder, builtin:starter-asm, asm:NAME"),
        ("spotter", "asm:loop-1", "cannot serve as spotter"),
        ("matcher", "builtin:spotter", "cannot serve as matcher"),
        ("segmenter", "builtin:segmenter", "no backend of this build is a segmenter"),
        ("spotter", "magic:spotter", "no backend that this build knows"),
    ],
)
def test_an_unknown_name_is_answered_with_what_exists(role: str, name: str, reason: str) -> None:
    with pytest.raises(RosterError, match=reason):
        load_backend(role, choice(name))


@pytest.mark.parametrize("options", [{"max_tags": 0}, {"max_tag": 3}, {"max_tags": "many"}])
def test_wrong_options_are_refused_with_the_backends_name(options: dict[str, Any]) -> None:
    with pytest.raises(RosterError, match="spotter builtin:spotter: "):
        load_backend("spotter", choice("builtin:spotter", **options))
