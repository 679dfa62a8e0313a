"""Words of the loop pages: stages, their states, amounts, durations."""

from typing import Final

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import Stage
from annotation.pipeline.loop_stages import Work
from verification.selectors.loops import StageRow

register = template.Library()

STATES: Final[dict[str, Promise]] = {
    "waiting": gettext_lazy("not started"),
    "now": gettext_lazy("in progress"),
    "done": gettext_lazy("done"),
    "failed": gettext_lazy("failed"),
    "cancelled": gettext_lazy("stopped"),
}
# What a stage counts in its shards -> how it is told. The rest of its counts is for other pages.
RESULTS: Final[dict[str, tuple[tuple[str, Promise], ...]]] = {
    "tag": (("tags", gettext_lazy("%s tags")),),
    "localize": (("regions", gettext_lazy("%s regions")),),
    "match": (("regions", gettext_lazy("%s regions ranked")),),
    "clean": (("regions", gettext_lazy("%s regions kept")),),
    "describe": (
        ("described", gettext_lazy("%s regions described")),
        ("questions", gettext_lazy("%s questions and answers")),
    ),
    "sample": (("items", gettext_lazy("%s items drawn")),),
}


@register.filter
def stage_label(name: str) -> str:
    return str(Stage(name).label) if name in Stage.values else name


@register.filter
def stage_state(state: str) -> Promise:
    return STATES[state]


@register.filter
def amount(stage: StageRow) -> str:
    """How far the stage is, in what it consists of."""
    done, total = intcomma(stage.done), intcomma(stage.total)
    if stage.name == Stage.REVIEW:
        return _("%(done)s of %(total)s packages") % {"done": done, "total": total} if stage.total else ""
    if stage.work is Work.PEOPLE:
        return _("%(done)s of %(total)s verdicts") % {"done": done, "total": total}
    if stage.work is Work.ONCE:
        return ""
    if stage.state == "done":
        return ngettext("%(n)s photo", "%(n)s photos", stage.images) % {"n": intcomma(stage.images)}
    parts = _("%(done)s of %(total)s parts") % {"done": done, "total": total}
    if stage.images_per_second is None:
        return parts
    pace = stage.images_per_second
    return f"{parts}, " + _("%(pace)s photos a second") % {"pace": f"{pace:.1f}" if pace < 10 else f"{pace:.0f}"}


@register.filter
def result(stage: StageRow) -> list[str]:
    """What the stage has found so far."""
    return [
        str(words) % intcomma(stage.counts[kind]) for kind, words in RESULTS.get(stage.name, ()) if kind in stage.counts
    ]


@register.filter
def duration(seconds: float) -> str:
    """Rough on purpose: "40 s", "3 min", "2 h 10 min", "4 days"."""
    if seconds < 60:
        return _("%(n)d s") % {"n": max(round(seconds), 1)}
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": rest}
    days = round(hours / 24)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


@register.filter
def hours(count: float) -> str:
    """Hours in the same rough words; people's time in days would not say how long a day is."""
    if count < 1:
        return duration(count * 3600)
    return _("%(n)s h") % {"n": f"{count:.1f}" if count < 10 else intcomma(round(count))}
