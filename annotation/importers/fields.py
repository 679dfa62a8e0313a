"""Read one field of a foreign JSON object, or say why not. Numbers arrive as int, Decimal or float."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from annotation.importers.json_streams import TOO_LONG
from annotation.importers.records import ItemRefused, Key
from annotation.pipeline.concepts import ConceptTextError, display_text, parse_concept

MAX_CAPTION = 5_000
MAX_NAME = 1_000
MAX_KEY = 500


def number(value: Any, what: str) -> float:
    """A finite float. Raises ItemRefused: not_finite for NaN and infinities, bad_field for anything else."""
    if value is None:  # NaN and Infinity arrive as null (json_streams)
        raise ItemRefused("not_finite", f"{what} is missing, NaN or infinite.")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ItemRefused("bad_field", f"{what} is not a number.")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ItemRefused("not_finite", f"{what} is NaN or infinite.")
    return result


def numbers(value: Any, count: int, what: str) -> list[float]:
    """A list of `count` finite floats."""
    if not isinstance(value, list) or len(value) != count:
        raise ItemRefused("bad_field", f"{what} is not a list of {count} numbers.")
    return [number(part, what) for part in value]


def side(value: Any, what: str) -> int | None:
    """A photo's width or height in px; None where the file does not say."""
    if value is None:
        return None
    result = number(value, what)
    if result != int(result) or not 0 < result <= 1_000_000:
        raise ItemRefused("bad_field", f"{what} is not a number of pixels.")
    return int(result)


def key(value: Any, what: str) -> Key:
    """An id: a whole number or a text."""
    if isinstance(value, str):
        if not 0 < len(value) <= MAX_KEY:
            raise ItemRefused("bad_id", f"{what} is empty or longer than {MAX_KEY} characters.")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not -(2**63) < value < 2**63:
        raise ItemRefused("bad_id", f"{what} is missing or neither a whole number nor a text.")
    if value != int(value):
        raise ItemRefused("bad_id", f"{what} is not a whole number.")
    return int(value)


def text(value: Any, what: str, limit: int) -> str:
    """A text without control and invisible characters. Raises ItemRefused: bad_field, too_long, empty_text."""
    if not isinstance(value, str):
        raise ItemRefused("bad_field", f"{what} is not a text.")
    if len(value) > limit or TOO_LONG in value:
        raise ItemRefused("too_long", f"{what} is longer than {limit:,} characters.")
    shown = display_text(value)
    if not shown:
        raise ItemRefused("empty_text", f"{what} is empty.")
    return shown


def tag(value: Any, what: str) -> tuple[str, str | None]:
    """A tag text as it is displayed, and a sentence if characters had to be removed from it."""
    if not isinstance(value, str):
        raise ItemRefused("bad_tag", f"{what} is not a text.")
    if TOO_LONG in value:
        raise ItemRefused("bad_tag", f"{what} is far too long.")
    try:
        shown = parse_concept(value).display
    except ConceptTextError as error:
        reason = str(error)
        raise ItemRefused("bad_tag", reason[:1].upper() + reason[1:] + ".") from error
    if len(shown) < len(" ".join(unicodedata.normalize("NFC", value).split())):
        return shown, f"Control, direction or invisible characters were removed from {what}; “{shown}” was kept."
    return shown, None


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ItemRefused("bad_item", f"{what} is not an object.")
    return value


def label(value: Any) -> str:
    """How a message names an item by its id, whatever it is; short and harmless."""
    if isinstance(value, str):
        return display_text(value[:60])
    return str(value) if isinstance(value, int | float) and abs(value) < 2**64 else "?"
