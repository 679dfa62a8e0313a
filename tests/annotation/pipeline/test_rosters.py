"""A roster is checked before anything runs, and equal rosters have equal digests."""

import json
from typing import Any

import pytest

from annotation.pipeline.rosters import DEFAULT_ROSTER, RosterError, parse_roster


def as_json(**changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(DEFAULT_ROSTER.model_dump_json())
    return value | changes


def test_the_default_roster_survives_json() -> None:
    assert parse_roster(as_json()) == DEFAULT_ROSTER
    assert parse_roster(as_json()).digest() == DEFAULT_ROSTER.digest()


def test_the_default_roster_needs_no_weights_and_takes_imported_boxes_first() -> None:
    assert DEFAULT_ROSTER.name == "offline"
    assert [source.kind for source in DEFAULT_ROSTER.sources] == ["imported", "class_agnostic"]
    assert DEFAULT_ROSTER.iou_threshold == 0.75


def test_the_digest_changes_with_any_setting_and_not_with_the_order_of_keys() -> None:
    assert parse_roster(as_json(iou_threshold=0.7)).digest() != DEFAULT_ROSTER.digest()
    assert parse_roster(dict(reversed(as_json().items()))).digest() == DEFAULT_ROSTER.digest()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"iou_treshold": 0.5}, "iou_treshold"),
        ({"iou_threshold": 1.5}, "iou_threshold"),
        ({"iou_threshold": float("nan")}, "iou_threshold"),
        ({"sources": []}, "sources"),
        ({"sources": [{"kind": "guesses", "backend": "import:boxes"}]}, "sources.0.kind"),
        ({"spotter": {"backend": "spotter"}}, "spotter.backend"),
        ({"spotter": {"backend": "builtin:../../etc"}}, "spotter.backend"),
        ({"matcher": None}, "matcher"),
        ({"spotter": {"backend": "builtin:spotter", "options": {"a": [1]}}}, "spotter.options.a"),
        ({"top_k": 6}, "top_k"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RosterError, match=field.replace(".", r"\.")):
        parse_roster(as_json(**changes))


def test_the_same_source_twice_is_refused() -> None:
    source = {"kind": "imported", "backend": "import:boxes"}
    with pytest.raises(RosterError, match="twice"):
        parse_roster(as_json(sources=[source, source]))


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(RosterError, match="roster"):
        parse_roster([1, 2])
