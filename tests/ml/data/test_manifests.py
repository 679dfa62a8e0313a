"""What a manifest line may be, and how one that may not be is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import ml.data
from ml.data.manifests import MAX_LINE_BYTES, Message, RecordError, TagVerdict, parse_record

SCHEMA = Draft202012Validator(
    json.loads((Path(ml.data.__file__).parent / "schemas" / "manifest.schema.json").read_text())
)

ALIGN: dict[str, Any] = {
    "task": "align",
    "image": "photos/1.jpg",
    "width": 640,
    "height": 480,
    "boxes": [[10, 10, 90, 80], [0, 0, 640, 480.5]],
    "tags": [{"accepted": ["cat"], "rejected": ["dog", "fox"], "weight": 0.5}, {"rejected": ["Vögel"]}],
    "source": "human",
    "loop": 1,
}
GENERATE: dict[str, Any] = {
    "task": "generate",
    "image": "1.png",
    "width": 64,
    "height": 48,
    "messages": [{"role": "user", "content": "What\nis this?"}, {"role": "assistant", "content": "A cat."}],
}


def parsed(values: dict[str, Any]) -> Any:
    return parse_record(json.dumps(values).encode())


def test_a_record_to_align_has_boxes_and_verdicts() -> None:
    record = parsed(ALIGN)
    assert (record.task, record.image, record.width, record.height, record.source) == (
        "align",
        "photos/1.jpg",
        640,
        480,
        "human",
    )
    assert record.boxes == ((10, 10, 90, 80), (0, 0, 640, 480))  # up to a pixel outside is cut off
    assert record.tags == (TagVerdict(("cat",), ("dog", "fox"), 0.5), TagVerdict((), ("Vögel",), 1.0))
    assert record.messages == ()


def test_a_record_to_generate_has_messages_and_no_boxes_mean_the_whole_image() -> None:
    record = parsed(GENERATE)
    assert record.boxes == ((0, 0, 64, 48),)
    assert record.messages == (Message("user", "What\nis this?"), Message("assistant", "A cat."))
    assert record.weight == 1.0


def test_an_image_level_pair_enters_as_a_box_over_everything() -> None:
    record = parsed({**ALIGN, "boxes": [], "tags": [{"accepted": ["a street in the rain"]}]})
    assert record.boxes == ((0, 0, 640, 480),)


def changed(values: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """With fields replaced; ... removes one."""
    return {name: value for name, value in {**values, **fields}.items() if value is not ...}


ONE_TAG = [{"accepted": ["cat"]}]
WRONG: list[tuple[dict[str, Any], str, str]] = [
    (changed(ALIGN, task=...), "task", "is missing"),
    (changed(ALIGN, task="segment"), "task", "must be one of"),
    (changed(ALIGN, image=...), "image", "is missing"),
    (changed(ALIGN, image=7), "image", "must be a text"),
    (changed(ALIGN, image="/etc/passwd"), "image", "inside the image folder"),
    (changed(ALIGN, image="a/../../b.jpg"), "image", "inside the image folder"),
    (changed(ALIGN, image="a\\b.jpg"), "image", "forward slashes"),
    (changed(ALIGN, image=" "), "image", "is empty"),
    (changed(ALIGN, width=...), "width", "is missing"),
    (changed(ALIGN, width="640"), "width", "whole number"),
    (changed(ALIGN, height=0), "height", "whole number"),
    (changed(ALIGN, height=True), "height", "whole number"),
    (changed(ALIGN, boxes="all"), "boxes", "must be a list"),
    (changed(ALIGN, boxes=[[1, 2, 3]], tags=ONE_TAG), "boxes[0]", "four numbers"),
    (changed(ALIGN, boxes=[[1, 2, 3, None]], tags=ONE_TAG), "boxes[0]", "four numbers"),
    (changed(ALIGN, boxes=[[1, 2, 3, "4"]], tags=ONE_TAG), "boxes[0]", "four numbers"),
    (changed(ALIGN, tags=...), "tags", "is missing"),
    (changed(ALIGN, tags=[]), "tags", "at least one region"),
    (changed(ALIGN, tags=["cat", "dog"]), "tags[0]", "must be an object"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{}]), "tags[0]", "neither accepted nor rejected"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{"accepted": [""]}]), "tags[0].accepted[0]", "is empty"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{"accepted": ["a\u0007b"]}]), "tags[0].accepted[0]", "U+0007"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{"accepted": ["a\nb"]}]), "tags[0].accepted[0]", "U+000A"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{"accepted": ["x" * 501]}]), "tags[0].accepted[0]", "longer than 500"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{"accepted": "cat"}]), "tags[0].accepted", "list of texts"),
    (changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{**ONE_TAG[0], "weight": -1}]), "tags[0].weight", "from 0"),
    (changed(GENERATE, messages=...), "messages", "is missing"),
    (changed(GENERATE, messages=[]), "messages", "must be a list of messages"),
    (changed(GENERATE, messages=["hi", "ho"]), "messages[0]", "must be an object"),
    (changed(GENERATE, messages=[{"role": "robot", "content": "x"}] * 2), "messages[0].role", "must be one of"),
    (changed(GENERATE, messages=[{"role": "user"}] * 2), "messages[0].content", "is missing"),
    (changed(GENERATE, weight="heavy"), "weight", "must be a number"),
]  # fmt: skip

# What a schema cannot say.
INCONSISTENT: list[tuple[dict[str, Any], str, str]] = [
    (changed(ALIGN, boxes=[[1, 2, 3, 4]]), "tags", "2 entries for 1 boxes"),
    (changed(ALIGN, boxes=[[5, 5, 5, 9]], tags=ONE_TAG), "boxes", "box 0 (5, 5, 5, 9) is empty"),
    (changed(ALIGN, boxes=[[9, 5, 2, 9]], tags=ONE_TAG), "boxes", "box 0 (9, 5, 2, 9) is inverted"),
    (changed(ALIGN, boxes=[[5, 5, 700, 9]], tags=ONE_TAG), "boxes", "box 0 (5, 5, 700, 9) is outside"),
    (
        changed(ALIGN, boxes=[[1, 2, 3, 4]], tags=[{"accepted": ["cat"], "rejected": ["cat"]}]),
        "tags[0]",
        "'cat' is both",
    ),
    (changed(GENERATE, messages=GENERATE["messages"][::-1]), "messages", "must alternate"),
    (changed(GENERATE, messages=GENERATE["messages"] + GENERATE["messages"][:1]), "messages", "end with the assistant"),
]


@pytest.mark.parametrize(("values", "field", "reason"), WRONG + INCONSISTENT)
def test_a_wrong_line_is_refused_with_its_field_and_the_reason(values: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(RecordError) as refused:
        parsed(values)
    assert refused.value.field == field
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"cat", "not JSON"),
        (b'{"task": "align"', "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"task": "align", "boxes": [[NaN, 0, 1, 1]]}', "NaN and Infinity"),
        (b'{"task": "\xff"}', "not JSON"),
        (b'{"task": "\\ud800"}', "not JSON"),
        (b"[" * 5000 + b"]" * 5000, "not JSON"),
        (b'{"x": "' + b"x" * MAX_LINE_BYTES + b'"}', "longer than"),
    ],
    ids=["word", "cut", "list", "NaN", "bytes", "surrogate", "deep", "long"],
)
def test_a_line_that_is_no_object_is_refused_as_a_whole(line: bytes, reason: str) -> None:
    with pytest.raises(RecordError) as refused:
        parse_record(line)
    assert refused.value.field == ""
    assert reason in refused.value.reason


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    st.sampled_from([*ALIGN, "messages", "weight"]),
    st.sampled_from([ALIGN, GENERATE]),
)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_field_is_taken_or_refused_by_name(value: Any, name: str, record: dict[str, Any]) -> None:
    try:
        parsed({**record, name: value})
    except RecordError as refused:
        assert refused.reason  # noqa: PT017  (both ends are right; nothing else may be raised)


@pytest.mark.parametrize("values", [ALIGN, GENERATE, changed(ALIGN, boxes=[], tags=ONE_TAG)])
def test_the_schema_takes_what_the_reader_takes(values: dict[str, Any]) -> None:
    SCHEMA.validate(values)


@pytest.mark.parametrize(("values", "field", "reason"), WRONG)
def test_the_schema_refuses_what_the_reader_refuses(values: dict[str, Any], field: str, reason: str) -> None:
    assert not SCHEMA.is_valid(values)
