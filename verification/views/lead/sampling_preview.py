"""How the next loop's sample is to be drawn, and what it would take: the form, and what pages show of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.pipeline.loop_configs import AuditConfig, SamplingConfig
from verification.charts import NARROW, WIDE, pairs_of_bars
from verification.estimates import half_width
from verification.previews import PreviewGroup, SamplePreview

MAX_BUDGET = 10_000_000
MAX_FREQUENCY = 1_000_000_000
MAX_CONCEPTS = 100_000_000
EXPERT_SECONDS = 15
"""A first guess for one audited item: five tags are judged one by one."""


def _number(label: Any, most: int, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=most, help_text=help_text)


class SamplingForm(forms.Form):
    """How much people are asked, and of which concepts; empty lets the quotas of the concepts decide."""

    budget = _number(
        gettext_lazy("Items at most"),
        MAX_BUDGET,
        gettext_lazy("Empty: as many as the concepts ask for, 6 to 90 regions each."),
    )
    min_frequency = _number(
        gettext_lazy("Concepts on at least so many regions"),
        MAX_FREQUENCY,
        gettext_lazy("Empty: 1, all concepts."),
    )
    max_concepts = _number(
        gettext_lazy("Concepts at most"), MAX_CONCEPTS, gettext_lazy("Empty: all. The most frequent ones stay.")
    )
    questions = forms.IntegerField(
        label=gettext_lazy("Questions at most"),
        required=False,
        min_value=0,
        max_value=MAX_BUDGET,
        help_text=gettext_lazy("Empty: one for two tag items. 0: none."),
    )
    audits = forms.BooleanField(label=gettext_lazy("Draw the audits when the loop is finished"), required=False)

    def sampling(self) -> SamplingConfig:
        data = self.cleaned_data
        return SamplingConfig(
            budget=data["budget"],
            min_frequency=data["min_frequency"] or 1,
            max_concepts=data["max_concepts"],
            question_budget=data["questions"],
        )

    def audit(self) -> AuditConfig:
        return AuditConfig(automatic=self.cleaned_data["audits"])


def preview_context(preview: SamplePreview | None) -> dict[str, Any]:
    """The charts of a preview, and what an audit of the loop will tell and take."""
    audit = AuditConfig()
    judgements = audit.size * (1 + audit.overlap_share)
    return {
        "preview": preview,
        "preview_charts": _charts(preview) if preview is not None and preview.groups else [],
        "audit_width": half_width(0.7, audit.size),
        "audit_size": audit.size,
        "audit_hours": judgements * EXPERT_SECONDS / 3600,
    }


def _charts(preview: SamplePreview) -> list[Any]:
    groups = preview.groups
    names = [_group_name(group) for group in groups]
    labels = [(_short(group.concepts), _short(group.items)) for group in groups]
    concepts = [float(group.concepts) for group in groups]
    items = [group.items for group in groups]
    return [pairs_of_bars(names, concepts, items, labels, frame) for frame in (WIDE, NARROW)]


def _group_name(group: PreviewGroup) -> str:
    if group.high is None:
        return _("%(low)s and more") % {"low": _short(group.low)}
    return f"{_short(group.low)}–{_short(group.high - 1)}" if group.high > group.low + 1 else _short(group.low)


def _short(number: float) -> str:
    """1,234 as 1.2k: figures above bars have little room."""
    if number < 9.95:
        return f"{number:.0f}" if abs(number - round(number)) < 0.05 else f"{number:.1f}"
    for limit, divisor, sign in ((1e3, 1, ""), (1e6, 1e3, "k"), (float("inf"), 1e6, "M")):
        if round(number) < limit:
            scaled = number / divisor
            return f"{scaled:.0f}{sign}" if divisor == 1 or scaled >= 99.5 else f"{scaled:.3g}{sign}"
    raise AssertionError(number)
