"""Shares and estimates as they are shown: never without what they rest on."""

from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from verification.agreement import Estimate
from verification.models import TaskKind
from verification.selectors.gold_scores import Score

register = template.Library()

# A board shows hundreds of shares, few of which are others than on the last look: as many are kept drawn.
KEPT_DRAWN = 4096


@register.simple_tag
def share(score: Score, enough: int, asked: float | None = None) -> SafeString:
    """A share with its interval and count, or that it is too few to say. asked: what is asked for, in per cent."""
    return _share(get_language(), score.right, score.judged, enough, asked)


@register.simple_tag
def spark(drawn: dict[str, Any] | None) -> SafeString:
    """Shares by package as a line; drawn: see verification.views.lead.quality.spark_of."""
    if drawn is None:
        return _spark(get_language(), None)
    return _spark(get_language(), (drawn["line"], drawn["last"]["x"], drawn["last"]["y"], drawn["shares"]))


@lru_cache(KEPT_DRAWN)
def _share(language: str | None, right: int, judged: int, enough: int, asked: float | None) -> SafeString:
    values = {"score": Score(right, judged), "enough": enough, "asked": asked}
    return render_to_string("verification/quality/_share.html", values)


@lru_cache(KEPT_DRAWN)
def _spark(language: str | None, drawn: tuple[str, str, str, str] | None) -> SafeString:
    return render_to_string("verification/quality/_spark.html", {"spark": drawn})


@register.filter
def percent(share: float) -> str:
    """0.97 -> "97.0 %", with a no-break space."""
    return f"{number_format(share * 100, decimal_pos=1)}\N{NO-BREAK SPACE}%"


@register.filter
def estimate(found: Estimate) -> str:
    """ "0.67 (0.61 to 0.72)"; that it cannot be said where there is nothing to tell apart."""
    if found.value is None or found.low is None or found.high is None:
        return _("cannot be said")
    value, low, high = (number_format(figure, decimal_pos=2) for figure in (found.value, found.low, found.high))
    return _("%(value)s (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


@register.filter
def task_kind_label(kind: str) -> str:
    """The name of a kind of task."""
    return str(TaskKind(kind).label) if kind in TaskKind.values else kind
