"""`{% icon "check" %}`: the line icons of the interface, drawn on a 20 by 20 grid."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# Own drawings of this project. One path each, so that a new icon is one line.
PATHS: dict[str, str] = {
    "arrow-left": "M16 10H4M9 5l-5 5 5 5",
    "arrow-right": "M4 10h12M11 5l5 5-5 5",
    "check": "M4 10.5l4 4 8-9",
    "chevron-down": "M5 7.5l5 5 5-5",
    "chevron-left": "M12.5 4.5L7 10l5.5 5.5",
    "chevron-right": "M7.5 4.5L13 10l-5.5 5.5",
    "clock": "M10 17.5a7.5 7.5 0 100-15 7.5 7.5 0 000 15zM10 5.5V10l3 2",
    "cross": "M5 5l10 10M15 5L5 15",
    "download": "M10 3v10M5.5 9l4.5 4.5L14.5 9M4 17h12",
    "eye": "M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10zM10 12.3a2.3 2.3 0 100-4.6 2.3 2.3 0 000 4.6z",
    "filter": "M3 5h14M6 10h8M8.5 15h3",
    "fit": "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
    "folder": "M2.5 5.5h5l2 2h8v8.5h-15z",
    "info": "M10 17.5a7.5 7.5 0 100-15 7.5 7.5 0 000 15zM10 9.2v4.6M10 6.3v.1",
    "keyboard": "M2.5 5.5h15v9h-15zM5.5 8.5h.1M8.5 8.5h.1M11.5 8.5h.1M14.5 8.5h.1M6.5 11.7h7",
    "lock": "M5 9h10v8H5zM7 9V6.5a3 3 0 016 0V9",
    "menu": "M3 5.5h14M3 10h14M3 14.5h14",
    "minus": "M4.5 10h11",
    "offline": "M3 3l14 14M6.2 8.3A4 4 0 006.5 16H14M8.7 5.3A5 5 0 0115.2 9a3.5 3.5 0 011.9 5.2",
    "pause": "M7 5v10M13 5v10",
    "people": "M7.5 9.5a3 3 0 100-6 3 3 0 000 6zM2 17c0-3 2.5-5 5.5-5S13 14 13 17"
    "M13 4a2.8 2.8 0 010 5.3M15 12.3c1.8.7 3 2.4 3 4.7",
    "photo": "M2.5 4h15v12h-15zM2.5 13.5l4-4 3.5 3.5 3-2.5 4.5 4M13.2 7.6h.1",
    "play": "M6.5 4.5v11l9-5.5z",
    "plus": "M10 4.5v11M4.5 10h11",
    "retry": "M16 10a6 6 0 11-2-4.5M16 2.8v3.7h-3.7",
    "search": "M9 15A6 6 0 109 3a6 6 0 000 12zM13.5 13.5L17 17",
    "skip": "M4 4.5v11l7.5-5.5zM14.5 4.5v11",
    "stop": "M5 5h10v10H5z",
    "swap": "M4 7h11l-3-3M16 13H5l3 3",
    "undo": "M7.5 5L4 8.5 7.5 12M4.5 8.5H12a4 4 0 010 8H9",
    "upload": "M10 13.5V3.5M5.5 8L10 3.5 14.5 8M4 17h12",
    "warning": "M10 3.2L18 17H2zM10 8.2v4M10 14.6v.1",
}  # fmt: skip


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """The icon as inline SVG, hidden from screen readers: words beside it say what it means.

    `extra` adds classes ("i-s" is the small size). Raises KeyError for an unknown name, so that a typo is found
    by the first test that renders the page.
    """
    classes = f"i {extra}".strip()
    path = mark_safe(PATHS[name])  # noqa: S308 - from the table above
    return format_html('<svg class="{}" viewBox="0 0 20 20" aria-hidden="true"><path d="{}"/></svg>', classes, path)
