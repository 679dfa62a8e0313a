"""A list of people as CSV, read line by line. Pure: text in, lines with what is wrong with each out."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from webapp.core.errors import BadInput
from webapp.projects.models import Role

COLUMNS = ("email", "roles", "team")
MOST_LINES = 500
MOST_CHARACTERS = 100_000
MOST_TEAM = 60
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a cell instead of showing it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the list; `number` is the line of the file, `problem` says what is wrong with it, if anything."""

    number: int
    email: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    team: str = ""
    problem: str = ""


def read_people(text: str) -> list[Line]:
    """The lines of a CSV with the columns email, roles and, if wanted, team; comma, semicolon or tab between them.

    Several roles stand in one cell with spaces between them. A line with a mistake is read and says so; a file
    that is none raises BadInput.
    """
    text = text.lstrip("\ufeff").strip("\r\n")
    if not text.strip():
        raise BadInput(_("The list is empty. Its first line names the columns: email, roles, team."))
    if len(text) > MOST_CHARACTERS:
        raise BadInput(_("The list is too long. Send at most %(most)s people at a time.") % {"most": MOST_LINES})
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    names = [cell.strip().lower() for cell in rows[0]]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "email" not in names or "roles" not in names or len(set(names)) < len(names):
        raise BadInput(_("The first line must name the columns: email, roles and, if wanted, team."))
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    if len(filled) > MOST_LINES:
        raise BadInput(_("The list is too long. Send at most %(most)s people at a time.") % {"most": MOST_LINES})
    seen: set[str] = set()
    return [_line(number, dict(zip(names, row, strict=False)), len(row) > len(names), seen) for number, row in filled]


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_rows(rows: Sequence[Sequence[str]]) -> str:
    """CSV whose cells are shown and never run."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max((",", ";", "\t"), key=first.count)


def _line(number: int, cells: dict[str, str], is_too_long: bool, seen: set[str]) -> Line:
    email = cells.get("email", "").strip()
    team = cells.get("team", "").strip()
    roles, unknown = _roles(cells.get("roles", ""))
    problem = ""
    if is_too_long:
        problem = _("There are more cells than columns.")
    elif any(cell.startswith(FORMULA_STARTS) for cell in (email, team)):
        problem = _("A cell begins with =, +, - or @: spreadsheets would run it.")
    elif not _is_address(email):
        problem = _("This is no email address.")
    elif email.lower() in seen:
        problem = _("This address stands in the list twice.")
    elif unknown:
        problem = _("There is no role “%(role)s”. Roles are: %(roles)s.") % {
            "role": unknown[0],
            "roles": ", ".join(Role.values),
        }
    elif not roles:
        problem = _("Name at least one role.")
    elif len(team) > MOST_TEAM:
        problem = _("The name of the team is too long.")
    seen.add(email.lower())
    return Line(number, email, roles, team, problem)


def _roles(cell: str) -> tuple[frozenset[Role], list[str]]:
    words = [word for word in cell.lower().replace("|", " ").replace("/", " ").replace(",", " ").split() if word]
    known = [Role(word) for word in words if word in Role.values]
    return frozenset(known), [word for word in words if word not in Role.values]


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254
