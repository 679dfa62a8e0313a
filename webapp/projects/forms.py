"""What people may send about projects. Fields that are not listed here cannot be changed by a request."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.projects.models import Project, Role

_INPUT = {"class": "input"}
_SHORT = {"class": "input input-short"}


class NewProjectForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    class Meta:
        model = Project
        fields = ["name", "description"]
        widgets = {"name": forms.TextInput(attrs=_INPUT), "description": forms.Textarea(attrs=_INPUT | {"rows": 3})}
        help_texts = {"description": _("What the photos are, and what the annotations are for.")}


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$",
        label=_("Currency"),
        error_messages={"invalid": _("Three letters, such as USD or EUR.")},
        widget=forms.TextInput(attrs=_SHORT | {"autocomplete": "off"}),
    )

    class Meta:
        model = Project
        fields = [
            "name",
            "description",
            "guide",
            "overlap",
            "review_required",
            "package_size",
            "package_threshold",
            "expert_overlap",
            "gold_share",
            "tag_rate",
            "qa_rate",
            "answer_rate",
            "currency",
        ]
        widgets = {
            "name": forms.TextInput(attrs=_INPUT),
            "description": forms.Textarea(attrs=_INPUT | {"rows": 3}),
            "guide": forms.Textarea(attrs=_INPUT | {"rows": 10}),
            "overlap": forms.NumberInput(attrs=_SHORT),
            "package_size": forms.NumberInput(attrs=_SHORT),
            "package_threshold": forms.NumberInput(attrs=_SHORT | {"step": "0.01", "min": "0.5", "max": "1"}),
            "expert_overlap": forms.NumberInput(attrs=_SHORT | {"step": "0.01", "min": "0", "max": "1"}),
            "gold_share": forms.NumberInput(attrs=_SHORT | {"step": "0.01", "min": "0", "max": "0.5"}),
            "tag_rate": forms.NumberInput(attrs=_SHORT | {"step": "0.0001", "min": "0"}),
            "qa_rate": forms.NumberInput(attrs=_SHORT | {"step": "0.0001", "min": "0"}),
            "answer_rate": forms.NumberInput(attrs=_SHORT | {"step": "0.0001", "min": "0"}),
        }
        help_texts = {
            "guide": _(
                "Markdown. Annotators open it with G while they work. A photo of this project as an example: "
                "![what it shows](photo:123)."
            ),
            "overlap": _("1 to 9. The majority decides per tag; a tie is disputed. Items drawn already keep theirs."),
            "review_required": _(
                "On: annotators' work is packed for experts, and only what is in accepted packages counts. "
                "Off: what people judged counts as soon as everyone who was asked has judged it."
            ),
            "package_size": _("Packages that are being reviewed keep theirs."),
            "package_threshold": _("0.95 accepts a package of 100 with at most five wrong items."),
            "expert_overlap": _("0.05 shows every twentieth package to a second expert, to measure the experts."),
            "gold_share": _("Items whose answer is known, mixed in unseen, to measure annotators. 0 plants none."),
        }

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"]
        return currency.upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for field in ("tag_rate", "qa_rate", "answer_rate"):
            if (cleaned.get(field) or 0) < 0:
                self.add_error(field, _("Pay cannot be negative."))
        return cleaned


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=Role,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )

    def chosen(self) -> frozenset[Role]:
        return frozenset(Role(role) for role in self.cleaned_data["roles"])


class AddPersonForm(RolesForm):
    field_order = ["who", "roles"]
    who = forms.CharField(
        label=_("Username or email address"),
        max_length=254,
        widget=forms.TextInput(attrs=_INPUT | {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
