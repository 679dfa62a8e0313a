"""Shares and estimates as they are shown: never without what they rest on."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from verification.agreement import Estimate
from verification.models import TaskKind

register = template.Library()


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
