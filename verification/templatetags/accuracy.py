"""Words of the accuracy report: shares with their intervals, sources, sizes, bands."""

from typing import Final

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.pipeline.cleaning import SizeClass
from annotation.pipeline.roles import Role
from verification.accuracy import size_bounds
from verification.estimates import Share

register = template.Library()

NBSP = "\N{NO-BREAK SPACE}"
SOURCES: Final[dict[int, Promise]] = {
    Role.DETECTOR: gettext_lazy("detector"),
    Role.GROUNDING: gettext_lazy("grounding detector"),
    Role.IMPORTED: gettext_lazy("imported"),
    Role.SPOTTER: gettext_lazy("spotter"),
    Role.IMAGINATOR: gettext_lazy("imaginator"),
    Role.SPLITTER: gettext_lazy("splitter"),
    Role.MAGNIFIER: gettext_lazy("magnifier"),
    Role.OCR: gettext_lazy("OCR"),
    Role.CLASS_AGNOSTIC: gettext_lazy("class-agnostic source"),
    Role.HUMAN: gettext_lazy("people"),
}
SIZES: Final[dict[int, Promise]] = {
    SizeClass.TINY: gettext_lazy("tiny"),
    SizeClass.SMALL: gettext_lazy("small"),
    SizeClass.MEDIUM: gettext_lazy("medium"),
    SizeClass.LARGE: gettext_lazy("large"),
    SizeClass.XLARGE: gettext_lazy("xlarge"),
    SizeClass.HUGE: gettext_lazy("huge"),
}
BANDS: Final[tuple[Promise, ...]] = (
    gettext_lazy("on fewer than 10 regions"),
    gettext_lazy("on 10 to 99"),
    gettext_lazy("on 100 to 999"),
    gettext_lazy("on 1,000 or more"),
)


@register.filter
def percent(share: Share | float | None) -> str:
    """76.1 %, with a no-break space; a dash where there is none."""
    if share is None:
        return "–"
    return f"{(share.value if isinstance(share, Share) else share) * 100:.1f}{NBSP}%"


@register.filter
def points(share: Share | None) -> str:
    """73.4 to 78.6: the interval in per cent."""
    return (
        ""
        if share is None
        else _("%(low)s to %(high)s")
        % {
            "low": f"{share.low * 100:.1f}",
            "high": f"{share.high * 100:.1f}",
        }
    )


@register.filter
def plus_minus(share: Share | float | None) -> str:
    """± 2.6: half the interval's width, in points."""
    if share is None:
        return ""
    return f"±{NBSP}{(share.half_width if isinstance(share, Share) else share) * 100:.1f}"


@register.filter
def whole(share: Share) -> str:
    return f"{share.value * 100:.0f}"


@register.filter
def whole_width(share: Share) -> str:
    return f"±{NBSP}{max(share.half_width * 100, 0.5):.0f}"


@register.filter
def source_name(role: int) -> Promise:
    return SOURCES[Role(role)]


@register.filter
def size_name(size: int) -> Promise:
    return SIZES[size]


@register.filter
def size_range(size: int) -> SafeString:
    """< 20², in pixels; the last one has no upper bound."""
    lower, upper = size_bounds(size)
    text = f"&lt;{NBSP}{upper}²" if upper is not None else f"≥{NBSP}{lower}²"
    return mark_safe(text)  # noqa: S308  # two numbers of the program


@register.filter
def band_name(band: int) -> Promise:
    return BANDS[band]
