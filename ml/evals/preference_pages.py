"""What people see of a preference sheet: one HTML file that needs nothing else, and a CSV to fill in."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ml.evals.inputs import InputError, corner_box, key_field, read_lines, text_field
from ml.evals.preference_sheets import LETTERS, Key, Sheet

QUESTION = "Which caption says most about the image without saying anything false?"
COLUMNS = ("sheet", "number", "choice")
_LONGEST_SIDE = 800
_NOTHING = "(no caption)"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
fieldset { margin: 0 0 2rem; padding: 1rem; }
label { display: block; padding: .5rem; }
img { max-width: 100%; height: auto; }
button { font: inherit; padding: .5rem 1rem; }
"""

# The answers become a file of this browser; nothing is sent anywhere.
_SCRIPT = """
document.getElementById("save").addEventListener("click", () => {
  const form = document.forms[0];
  const rows = ["sheet,number,choice"];
  for (let number = 1; number <= Number(form.dataset.items); number += 1) {
    rows.push([form.dataset.sheet, number, form.elements["choice-" + number].value].join(","));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\\n") + "\\n"], { type: "text/csv" }));
  link.download = form.dataset.sheet + "-answers.csv";
  link.click();
});
"""


@dataclass(frozen=True)
class Picture:
    """What an item is about. box: (x1, y1, x2, y2) in pixels, or None for the whole image."""

    path: Path
    box: tuple[float, float, float, float] | None = None


def read_pictures(path: Path) -> dict[Key, Picture]:
    """JSON lines of {"item", "image", "box"}; image is relative to the file, box may be missing. Raises InputError."""
    found: dict[Key, Picture] = {}
    for where, record in read_lines(path):
        key = key_field(record, "item", where)
        if key in found:
            raise InputError(f"{where}: item {key!r} appears twice")
        box = corner_box(record, "box", where) if record.get("box") is not None else None
        found[key] = Picture(path.parent / text_field(record, "image", where), box)
    return found


def as_html(sheet: Sheet, pictures: Mapping[Key, Picture]) -> str:
    """The sheet as one page: images inside, all texts escaped, nothing loaded from anywhere."""
    script = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{script}'"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<title>{sheet.identity}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Captions</h1>",
        f"<p>{QUESTION} Choose one for each item, save the answers, and hand the file back.</p>",
        f'<form data-sheet="{sheet.identity}" data-items="{len(sheet.items)}">',
    ]
    for number, item in enumerate(sheet.items, start=1):
        parts.append(f"<fieldset><legend>{number}</legend>")
        if picture := pictures.get(item.item):
            where = "the marked region" if picture.box else "the image"
            parts.append(f'<p><img alt="Item {number}" src="{_embedded(picture)}"></p><p>About {where}:</p>')
        for letter, option in zip(LETTERS, item.options, strict=False):
            radio = f'<input type="radio" name="choice-{number}" value="{letter}">'
            parts.append(f"<label>{radio} {letter}. {escape(option.caption) or _NOTHING}</label>")
        parts.append("</fieldset>")
    parts += ['<button type="button" id="save">Save answers</button>', f"</form>\n<script>{_SCRIPT}</script>"]
    return "\n".join([*parts, "</body>\n</html>\n"])


def as_csv(sheet: Sheet) -> str:
    """The sheet as a table with an empty column `choice`; no cell is taken for a formula."""
    most = max(len(item.options) for item in sheet.items)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*COLUMNS, *LETTERS[:most]])
    for number, item in enumerate(sheet.items, start=1):
        writer.writerow([sheet.identity, number, "", *(_harmless(o.caption or _NOTHING) for o in item.options)])
    return table.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _embedded(picture: Picture) -> str:
    """The image as a data address, made smaller, the box drawn in. Raises InputError."""
    from PIL import ImageDraw

    from ml.data.images import ImageError, read_image

    try:
        photo = read_image(picture.path)
    except ImageError as problem:
        raise InputError(str(problem)) from problem
    if picture.box:
        if min(picture.box) < 0 or picture.box[2] > photo.width or picture.box[3] > photo.height:
            raise InputError(f"{picture.path}: the box reaches out of the image of {photo.width} x {photo.height}")
        draw = ImageDraw.Draw(photo)
        thick = max(2, round(max(photo.size) / 200))
        draw.rectangle(picture.box, outline=(255, 0, 0), width=thick)
    photo.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
