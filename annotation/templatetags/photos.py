"""What the photos page shows of an import."""

from collections.abc import Mapping
from typing import Final

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.models import ImportRun

register = template.Library()

# Kinds of what an import counts, in the order in which they are shown.
COUNTED: Final[dict[str, Promise]] = {
    "images": _("new photos"),
    "already_there": _("photos that were here"),
    "regions": _("boxes"),
    "captions": _("captions"),
    "regions_already_there": _("boxes that were here"),
    "captions_already_there": _("captions that were here"),
    "left_out": _("annotations of refused photos"),
    "problems": _("refused"),
}


@register.filter
def item(mapping: Mapping[str, object], key: str) -> object:
    """`mapping[key]`, None when it has no such key."""
    return mapping.get(key)


@register.filter
def counted(run: ImportRun) -> list[tuple[Promise, int, str]]:
    """(label, count, kind) of what the import has counted so far; zeros are left out, except for photos."""
    return [
        (label, run.counts.get(kind, 0), kind)
        for kind, label in COUNTED.items()
        if run.counts.get(kind) or kind == "images"
    ]
