"""The form that asks for an export."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Loop
from verification.exports.filters import SIZES, SOURCES
from verification.models import ExportFormat, ExportKind
from verification.services.export_choices import Choices, wanted_export
from webapp.core.errors import BadInput
from webapp.projects.models import Project

# Lower bounds belong to the class (papers V1, appendix E.3).
SIZE_LABELS = {
    "tiny": gettext_lazy("tiny (below 20 px)"),
    "small": gettext_lazy("small (20 to 40 px)"),
    "medium": gettext_lazy("medium (40 to 100 px)"),
    "large": gettext_lazy("large (100 to 200 px)"),
    "xlarge": gettext_lazy("very large (200 to 500 px)"),
    "huge": gettext_lazy("huge (500 px and more)"),
}


class ExportForm(forms.Form):
    """What to export. The loops offered are the project's own; all else is checked as a command's choices are."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Records"), choices=ExportKind.choices, initial=ExportKind.TAGS, widget=forms.RadioSelect
    )
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=ExportFormat.choices, initial=ExportFormat.JSONL)
    with_photos = forms.BooleanField(label=gettext_lazy("Put the photos into the file (YOLO only)"), required=False)
    loop = forms.TypedChoiceField(label=gettext_lazy("Loop"), coerce=int, empty_value=None, required=False)
    concepts = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=10_000,
        help_text=gettext_lazy("Separated by commas. Other names of the same thing count too."),
    )
    sizes = forms.MultipleChoiceField(
        label=gettext_lazy("Size of the region"),
        choices=[(name, SIZE_LABELS[name]) for name in SIZES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    sources = forms.MultipleChoiceField(
        label=gettext_lazy("Who proposed the tag"),
        choices=[(name, name.replace("_", " ")) for name in SOURCES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    since = forms.DateField(
        label=gettext_lazy("Judged since"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), required=False
    )
    until = forms.DateField(
        label=gettext_lazy("Judged until"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), required=False
    )
    FILTERS = ("loop", "concepts", "sizes", "sources", "since", "until")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._project = project
        # Loop 0 asks nobody.
        numbers = Loop.objects.filter(project=project, number__gt=0).order_by("number").values_list("number", flat=True)
        self.fields["loop"].choices = [  # type: ignore[attr-defined]
            ("", _("Any loop")),
            *((number, _("Only what loop %(number)s judged last") % {"number": number}) for number in numbers),
        ]

    def clean(self) -> dict[str, Any]:
        """Checks that the choices go together, as the service will."""
        super().clean()
        if not self.errors:
            try:
                self.wanted = wanted_export(project=self._project, **self.choices())
            except BadInput as error:
                raise forms.ValidationError(error.message) from error
        return self.cleaned_data

    def choices(self) -> Choices:
        """Cleaned values as services take them."""
        values = self.cleaned_data
        return Choices(
            kind=values["kind"],
            format=values["format"],
            with_photos=values["with_photos"],
            loop=values["loop"],
            concepts=values["concepts"].split(","),
            sizes=values["sizes"],
            sources=values["sources"],
            since=values["since"],
            until=values["until"],
        )

    @property
    def filters(self) -> list[Any]:
        """The fields that narrow the export down."""
        return [self[name] for name in self.FILTERS]

    @property
    def has_filters(self) -> bool:
        """Whether any of them is filled in: then they are shown at once."""
        return any(self[name].value() for name in self.FILTERS)
