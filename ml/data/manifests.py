"""The records of a training manifest: JSONL, one record a line, described in docs/training.md.

Boxes are `(x1, y1, x2, y2)` in pixels of the EXIF-rotated original, x2 and y2 exclusive.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from ml.boxes import BoxError, checked_boxes

MAX_LINE_BYTES: Final = 4 * 2**20
MAX_TAG_CHARACTERS: Final = 500
MAX_MESSAGE_CHARACTERS: Final = 20_000
MAX_SIDE: Final = 100_000
TASKS: Final = ("align", "generate")
_CLEAR: Final = 0.01

ROLES: Final = ("system", "user", "assistant")


class RecordError(ValueError):
    """A manifest line that is no record. `field` names the part, `reason` says what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TagVerdict:
    """What is known of one region's tags. Either list may be empty, not both."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Record:
    """One line. `boxes` has at least one box: a line without boxes is about the whole image.

    task "align": `tags` is parallel to `boxes`, `messages` is empty.
    task "generate": `messages` alternate between user and assistant (after an optional system message) and end with
    the assistant, whose words are learned; `tags` is empty.
    """

    task: str
    image: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    tags: tuple[TagVerdict, ...]
    messages: tuple[Message, ...]
    weight: float
    source: str


def parse_record(line: bytes) -> Record:
    """Raises RecordError. Fields that are not known are ignored."""
    return record_of(parse_object(line))


def record_of(values: dict[str, Any]) -> Record:
    """The record in the JSON object of a line. Raises RecordError."""
    task = values.get("task")
    if task not in TASKS:
        raise RecordError("task", f"must be one of {', '.join(TASKS)}" if "task" in values else "is missing")
    width, height = _side(values, "width"), _side(values, "height")
    given = values.get("boxes") or []
    boxes = _boxes(given, width, height)
    return Record(
        task=task,
        image=_image(values),
        width=width,
        height=height,
        boxes=boxes,
        tags=_tags(values, regions=len(boxes)) if task == "align" else (),
        messages=_messages(values) if task == "generate" else (),
        weight=_weight(values.get("weight", 1.0), "weight"),
        source=_text(values.get("source", "model"), "source", MAX_TAG_CHARACTERS),
    )


def parse_object(line: bytes) -> dict[str, Any]:
    """The JSON object of a line, fields unchecked. Raises RecordError."""
    if len(line) > MAX_LINE_BYTES:
        raise RecordError("", f"the line is longer than {MAX_LINE_BYTES} bytes")
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if b"NaN" in line or b"Infinity" in line:
            raise RecordError("", "not JSON: NaN and Infinity are no JSON numbers") from error
        raise RecordError("", f"not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(values, dict):
        raise RecordError("", "not a JSON object")
    return values


def _side(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    if value is None:
        raise RecordError(name, "is missing")
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SIDE:
        raise RecordError(name, f"must be a whole number of pixels from 1 to {MAX_SIDE}")
    return value


def _image(values: dict[str, Any]) -> str:
    name = values.get("image")
    if name is None:
        raise RecordError("image", "is missing")
    name = _text(name, "image", 4096)
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise RecordError("image", "must be a path inside the image folder, with forward slashes")
    return name


def _boxes(given: Any, width: int, height: int) -> tuple[Box, ...]:
    if not given:
        return ((0.0, 0.0, float(width), float(height)),)
    if not isinstance(given, list):
        raise RecordError("boxes", "must be a list of [x1, y1, x2, y2]")
    for index, box in enumerate(given):
        if not isinstance(box, list) or len(box) != 4 or not all(type(side) in (int, float) for side in box):
            raise RecordError(f"boxes[{index}]", "must be four numbers: x1, y1, x2, y2")
    if all(_plainly_inside(box, width, height) for box in given):
        return tuple((float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in given)
    try:
        rows = checked_boxes(given, width, height).tolist()
    except BoxError as error:
        raise RecordError("boxes", str(error)) from error
    return tuple(_quadruple(row) for row in rows)


def _plainly_inside(box: list[float], width: int, height: int) -> bool:
    """What needs no closer look, and no tensor: nearly all boxes of a long manifest."""
    x1, y1, x2, y2 = box
    return 0 <= x1 <= x2 - _CLEAR and x2 <= width and 0 <= y1 <= y2 - _CLEAR and y2 <= height


def _quadruple(row: list[float]) -> Box:
    return row[0], row[1], row[2], row[3]


def _tags(values: dict[str, Any], *, regions: int) -> tuple[TagVerdict, ...]:
    given = values.get("tags")
    if given is None:
        raise RecordError("tags", "is missing")
    if not isinstance(given, list):
        raise RecordError("tags", "must be a list with one entry per box")
    if not given:
        raise RecordError("tags", "is empty: a record needs at least one region with tags")
    if len(given) != regions:
        raise RecordError("tags", f"has {len(given)} entries for {regions} boxes")
    return tuple(_verdict(entry, f"tags[{index}]") for index, entry in enumerate(given))


def _verdict(entry: Any, name: str) -> TagVerdict:
    if not isinstance(entry, dict):
        raise RecordError(name, 'must be an object with "accepted" and "rejected"')
    accepted = _texts(entry.get("accepted", []), f"{name}.accepted")
    rejected = _texts(entry.get("rejected", []), f"{name}.rejected")
    if not accepted and not rejected:
        raise RecordError(name, "has neither accepted nor rejected tags")
    if both := set(accepted) & set(rejected):
        raise RecordError(name, f"{min(both)!r} is both accepted and rejected")
    return TagVerdict(accepted, rejected, _weight(entry.get("weight", 1.0), f"{name}.weight"))


def _messages(values: dict[str, Any]) -> tuple[Message, ...]:
    given = values.get("messages")
    if given is None:
        raise RecordError("messages", "is missing")
    if not isinstance(given, list) or not given:
        raise RecordError("messages", "must be a list of messages")
    messages = tuple(_message(entry, f"messages[{index}]") for index, entry in enumerate(given))
    spoken = [message.role for message in messages]
    turns = spoken[1:] if spoken[0] == "system" else spoken
    if not turns or len(turns) % 2 or turns != ["user", "assistant"] * (len(turns) // 2):
        raise RecordError("messages", "must alternate between user and assistant and end with the assistant")
    return messages


def _message(entry: Any, name: str) -> Message:
    if not isinstance(entry, dict):
        raise RecordError(name, 'must be an object with "role" and "content"')
    role = entry.get("role")
    if role not in ROLES:
        raise RecordError(f"{name}.role", f"must be one of {', '.join(ROLES)}")
    return Message(role, _text(entry.get("content"), f"{name}.content", MAX_MESSAGE_CHARACTERS, lines=True))


def _texts(given: Any, name: str) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise RecordError(name, "must be a list of texts")
    return tuple(_text(text, f"{name}[{index}]", MAX_TAG_CHARACTERS) for index, text in enumerate(given))


def _text(value: Any, name: str, limit: int, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        raise RecordError(name, "is missing" if value is None else "must be a text")
    if not value.strip():
        raise RecordError(name, "is empty")
    if len(value) > limit:
        raise RecordError(name, f"is longer than {limit} characters")
    if not value.isprintable():
        for character in value:
            if unicodedata.category(character) == "Cc" and not (lines and character in "\n\t"):
                raise RecordError(name, f"holds the control character U+{ord(character):04X}")
    return value


def _weight(value: Any, name: str) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1e6:
        raise RecordError(name, "must be a number from 0 to 1,000,000")
    return float(value)
