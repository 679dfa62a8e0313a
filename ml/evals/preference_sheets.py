"""A blind preference sheet: what people see, and the key that says which system wrote what (papers V1 appendix E.1)."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.evals.inputs import InputError, field, key_field, read_json, read_lines, text_field

LETTERS = "ABCDEFGH"
KEY_FORMAT = "argus-preference-key-1"
Key = int | str


@dataclass(frozen=True)
class Option:
    """One caption of an item, and who wrote it."""

    caption: str
    system: str


@dataclass(frozen=True)
class SheetItem:
    """An item with its options in the order in which they are shown."""

    item: Key
    options: Sequence[Option]


@dataclass(frozen=True)
class Sheet:
    """identity: a digest of what people see, in every answer file and in the key."""

    identity: str
    items: Sequence[SheetItem]


def make_sheet(captions: Mapping[str, Mapping[Key, str]], seed: int) -> Sheet:
    """captions: for each system a caption of each item. The order of items, and of the options of each, is drawn.

    Raises InputError for fewer than two systems, more than eight, or one that lacks an item.
    """
    systems = sorted(captions)
    if not 2 <= len(systems) <= len(LETTERS):
        raise InputError(f"{len(systems)} systems: a sheet compares 2 to {len(LETTERS)}")
    keys = sorted(captions[systems[0]], key=lambda key: (isinstance(key, str), key))
    for system in systems[1:]:
        if other := captions[system].keys() ^ captions[systems[0]].keys():
            some = min(map(repr, other))
            raise InputError(f"{system!r} and {systems[0]!r} do not caption the same items: {some} is in one alone")
    random.Random(f"{seed}").shuffle(keys)
    items = []
    for key in keys:
        options = [Option(_plain(captions[system][key]), system) for system in systems]
        random.Random(f"{seed}/{key!r}").shuffle(options)
        items.append(SheetItem(key, options))
    shown = json.dumps([[item.item, [option.caption for option in item.options]] for item in items])
    return Sheet(f"sheet-{hashlib.sha256(shown.encode()).hexdigest()[:16]}", items)


def key_of(sheet: Sheet) -> dict[str, Any]:
    """The key as JSON: for each number on the sheet its item, and system and words of each option in order."""
    return {
        "format": KEY_FORMAT,
        "sheet": sheet.identity,
        "items": [
            {
                "number": number,
                "item": item.item,
                "systems": [option.system for option in item.options],
                "words": [len(option.caption.split()) for option in item.options],
            }
            for number, item in enumerate(sheet.items, start=1)
        ],
    }


@dataclass(frozen=True)
class SheetKey:
    """systems and words: by the number on the sheet, one for each option in order."""

    sheet: str
    systems: Mapping[int, Sequence[str]]
    words: Mapping[int, Sequence[int]]


def read_key(path: Path) -> SheetKey:
    """Raises InputError when the file is no key."""
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != KEY_FORMAT:
        raise InputError(f"{path}: not a key of format {KEY_FORMAT}")
    items = field(content, "items", str(path))
    if not isinstance(items, list) or not items:
        raise InputError(f"{path}: 'items' is not a list with at least one entry")
    systems: dict[int, list[str]] = {}
    words: dict[int, list[int]] = {}
    for number, item in enumerate(items, start=1):
        where = f"{path}, item {number}"
        if not isinstance(item, dict) or item.get("number") != number:
            raise InputError(f"{where}: does not have its number")
        names, lengths = field(item, "systems", where), field(item, "words", where)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InputError(f"{where}: 'systems' is not a list of texts")
        if not 2 <= len(names) <= len(LETTERS) or len(set(names)) < len(names):
            raise InputError(f"{where}: 'systems' must be 2 to {len(LETTERS)} different ones")
        if not isinstance(lengths, list) or len(lengths) != len(names) or not all(type(n) is int for n in lengths):
            raise InputError(f"{where}: 'words' does not count the words of each option")
        systems[number], words[number] = names, lengths
    return SheetKey(text_field(content, "sheet", str(path)), systems, words)


def read_captions(path: Path) -> dict[Key, str]:
    """One system's captions, JSON lines of {"item", "caption"}. Raises InputError."""
    found: dict[Key, str] = {}
    for where, record in read_lines(path):
        key = key_field(record, "item", where)
        if key in found:
            raise InputError(f"{where}: item {key!r} has a caption already")
        found[key] = text_field(record, "caption", where)
    return found


def _plain(caption: str) -> str:
    """Single spaces, so that no system is known by its line breaks."""
    return " ".join(caption.split())
