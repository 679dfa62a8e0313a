"""Exports in words."""

from typing import Any

from django import template
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def in_words(filters: dict[str, Any]) -> str:
    """Stored filters (verification/exports/filters.py) as sentences; empty when there are none."""
    parts = []
    if filters.get("loop") is not None:
        parts.append(_("Last judged in loop %(number)s.") % {"number": filters["loop"]})
    if filters.get("concepts"):
        parts.append(_("Tags: %(names)s.") % {"names": ", ".join(filters["concepts"])})
    if filters.get("sizes"):
        parts.append(_("Sizes: %(names)s.") % {"names": ", ".join(filters["sizes"])})
    if filters.get("sources"):
        names = ", ".join(name.replace("_", " ") for name in filters["sources"])
        parts.append(_("Tag proposed by: %(names)s.") % {"names": names})
    if filters.get("since"):
        parts.append(_("Judged since %(day)s.") % {"day": _day(filters["since"])})
    if filters.get("until"):
        parts.append(_("Judged until %(day)s.") % {"day": _day(filters["until"])})
    return " ".join(parts)


def _day(value: str) -> str:
    day = parse_date(value)
    return date_format(day, "j M Y") if day else value
