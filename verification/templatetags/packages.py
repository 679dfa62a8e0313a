"""Words and figures of the pages about review packages."""

from django import template
from django.utils.translation import gettext as _

from verification.models import TaskKind
from verification.quality import wilson_interval
from verification.selectors.packages import PackageRow

register = template.Library()


@register.filter
def task_label(kind: str) -> str:
    return str(TaskKind(kind).label)


@register.filter
def percent(share: float | None) -> str:
    """A share as a figure with one digit, without the sign."""
    return "" if share is None else f"{100 * share:.1f}"


@register.filter
def wilson(row: PackageRow) -> str:
    """The interval of a closed package's share of right items."""
    low, high = wilson_interval(row.right or 0, row.ruled)
    return _("%(low)s to %(high)s %%") % {"low": f"{100 * low:.1f}", "high": f"{100 * high:.1f}"}
