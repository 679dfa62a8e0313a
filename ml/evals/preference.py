"""A blind preference study of captions (papers V1 appendix E.1, table 9).

    python -m ml.evals.preference make --captions human=h.jsonl --captions asm=a.jsonl --items items.jsonl \\
        --seed 7 --out sheet --key key.json
    python -m ml.evals.preference score --key key.json --answers ana.csv edo.csv

`make` writes sheet/sheet.html and sheet/sheet.csv, in which nobody is named, and the key, which stays with whoever
scores. Captions are JSON lines {"item", "caption"}, items {"item", "image", "box"}. `score` takes one CSV from each
person (sheet, number, choice) and prints for each system how often it was chosen, and how many words it uses.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import Any

from ml.evals import commands
from ml.evals.inputs import InputError
from ml.evals.preference_pages import COLUMNS, as_csv, as_html, read_pictures
from ml.evals.preference_sheets import LETTERS, SheetKey, key_of, make_sheet, read_captions, read_key
from ml.evals.shares import Share

Choices = Mapping[int, str]
"""What one person chose, by number on the sheet: the system's name."""


def score(key: SheetKey, people: Sequence[Choices]) -> dict[str, Any]:
    """{"systems": {name: {"rate": share with interval, "words": mean length}}, "people", "answers", "unanswered"}.

    A rate is the share of a system among all answers to items it took part in; words are those of all its captions.
    Answers of one person are not independent of each other, so the interval is the narrowest that can be said.
    """
    names = sorted({name for systems in key.systems.values() for name in systems})
    rates = {name: Share() for name in names}
    for choices in people:
        for number, chosen in choices.items():
            for name in key.systems[number]:
                rates[name].add(name == chosen)
    lengths: dict[str, list[int]] = {name: [] for name in names}
    for number, systems in key.systems.items():
        for name, words in zip(systems, key.words[number], strict=True):
            lengths[name].append(words)
    answers = sum(len(choices) for choices in people)
    return {
        "systems": {
            name: {"rate": rates[name].as_dict(), "words": fsum(lengths[name]) / len(lengths[name])} for name in names
        },
        "people": len(people),
        "answers": answers,
        "unanswered": len(people) * len(key.systems) - answers,
    }


def read_choices(path: Path, key: SheetKey) -> dict[int, str]:
    """One person's CSV (comma or semicolon). Rows without a choice are unanswered. Raises InputError.

    Refused: another sheet, a number that is not on it, one answered twice, a letter that was not offered.
    """
    choices: dict[int, str] = {}
    seen: set[int] = set()
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        if row["sheet"] != key.sheet:
            raise InputError(f"{where}: belongs to {row['sheet']!r}, the key to {key.sheet!r}")
        number = int(row["number"]) if row["number"].isascii() and row["number"].isdigit() else 0
        if number not in key.systems:
            raise InputError(f"{where}: {row['number']!r} is no number of the sheet")
        if number in seen:
            raise InputError(f"{where}: number {number} appears twice")
        seen.add(number)
        if letter := row["choice"].upper():
            offered = LETTERS[: len(key.systems[number])]
            if len(letter) != 1 or letter not in offered:
                raise InputError(f"{where}: choice {row['choice']!r} is not of {', '.join(offered)}")
            choices[number] = key.systems[number][offered.index(letter)]
    if not choices:
        raise InputError(f"{path}: no item is answered")
    return choices


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path}: not UTF-8 text") from problem
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    header = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as problem:
        raise InputError(f"{path}, line {reader.line_num}: not CSV ({problem})") from problem
    if not rows:
        raise InputError(f"{path}: the file is empty")
    names = [name.strip() for name in rows[0][1]]
    if missing := [name for name in COLUMNS if name not in names]:
        raise InputError(f"{path}: lacks the columns {', '.join(missing)}")
    places = {name: names.index(name) for name in COLUMNS}
    short = next((line for line, row in rows if len(row) <= max(places.values())), None)
    if short:
        raise InputError(f"{path}, line {short}: has fewer cells than the columns need")
    return [(line, {name: row[place].strip() for name, place in places.items()}) for line, row in rows[1:]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ml.evals.preference", description="A blind preference study of captions."
    )
    steps = parser.add_subparsers(required=True, metavar="make | score")
    make = steps.add_parser("make", help="write a sheet and its key")
    make.add_argument("--captions", action="append", required=True, metavar="SYSTEM=FILE", help="JSON lines; repeat")
    make.add_argument("--items", type=Path, help="JSON lines: item, image (relative to this file), box")
    make.add_argument("--seed", type=int, required=True, help="of the order in which things are shown")
    make.add_argument("--out", type=Path, required=True, help="new or empty folder for what people see")
    make.add_argument("--key", type=Path, required=True, help="file for the key, outside that folder")
    make.set_defaults(step=_make)
    scored = steps.add_parser("score", help="count the answers")
    scored.add_argument("--key", type=Path, required=True, help="what make wrote")
    scored.add_argument("--answers", type=Path, nargs="+", required=True, help="one CSV from each person")
    scored.set_defaults(step=_score)
    for step in (make, scored):
        step.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args(arguments)
    return commands.run(options, parser.prog, options.step)


def _make(options: argparse.Namespace) -> dict[str, Any]:
    captions: dict[str, Any] = {}
    for entry in options.captions:
        system, equals, file = entry.partition("=")
        if not (system and equals and file):
            raise InputError(f"--captions {entry!r}: SYSTEM=FILE is expected")
        if system in captions:
            raise InputError(f"--captions: {system!r} is given twice")
        captions[system] = read_captions(Path(file))
    if options.out.resolve() in options.key.resolve().parents:
        raise InputError(f"{options.key}: the key must not lie in the folder that people get")
    for path in (options.out, options.key):
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise InputError(f"{path}: exists already")
    sheet = make_sheet(captions, options.seed)
    pictures = read_pictures(options.items) if options.items else {}
    if options.items and (missing := next((one.item for one in sheet.items if one.item not in pictures), None)):
        raise InputError(f"{options.items}: item {missing!r} has no image")
    page = as_html(sheet, pictures)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "sheet.html").write_text(page, encoding="utf-8")
    (options.out / "sheet.csv").write_text(as_csv(sheet), encoding="utf-8")
    options.key.write_text(json.dumps(key_of(sheet), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"sheet": sheet.identity, "items": len(sheet.items), "systems": len(captions)}


def _score(options: argparse.Namespace) -> dict[str, Any]:
    key = read_key(options.key)
    if len({path.resolve() for path in options.answers}) < len(options.answers):
        raise InputError("--answers: a file is given twice")
    return score(key, [read_choices(path, key) for path in options.answers])


if __name__ == "__main__":
    sys.exit(main())
