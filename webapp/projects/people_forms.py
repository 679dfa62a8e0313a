"""What may be sent to invite people, to make teams and to bring in lists."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from webapp.projects.forms import RolesForm
from webapp.projects.models import Project, Team
from webapp.projects.people_csv import MOST_CHARACTERS
from webapp.projects.services.invitations import DAYS

_INPUT = {"class": "input"}
_PLAIN = _INPUT | {"autocapitalize": "none", "spellcheck": "false"}


class InviteForm(RolesForm):
    field_order = ["email", "roles", "team", "days"]
    email = forms.EmailField(
        label=_("Email address"),
        help_text=_("It becomes the address of their account. No mail is sent: pass the link on yourself."),
        widget=forms.EmailInput(attrs=_PLAIN | {"autocomplete": "off"}),
    )
    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("None"),
        widget=forms.Select(attrs=_INPUT),
    )
    days = forms.TypedChoiceField(
        label=_("The link works for"),
        coerce=int,
        initial=7,
        choices=[(days, ngettext_lazy("%(days)s day", "%(days)s days", "days") % {"days": days}) for days in DAYS],
        widget=forms.Select(attrs={"class": "input input-short"}),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.filter(project=project)  # type: ignore[attr-defined]  # of its kind

    def wanted(self) -> dict[str, Any]:
        """Arguments of `invite`."""
        data = self.cleaned_data
        return {"email": data["email"], "roles": self.chosen(), "team": data["team"], "days": data["days"]}


class JoinForm(forms.Form):
    """A new account. Its address is the invitation's, so it is not asked."""

    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        help_text=_("Leads and experts see it."),
        widget=forms.TextInput(attrs=_INPUT | {"autocomplete": "name"}),
    )
    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        help_text=_("You sign in with it. Letters, digits and @ . + - _"),
        widget=forms.TextInput(attrs=_PLAIN | {"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs=_INPUT | {"autocomplete": "new-password"}),
    )


class TeamForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=60, widget=forms.TextInput(attrs=_INPUT | {"autocomplete": "off"})
    )


class PeopleListForm(forms.Form):
    """A list as text, or as a file that is put in its place."""

    list = forms.CharField(
        label=_("List"),
        max_length=MOST_CHARACTERS,
        required=False,
        strip=False,
        help_text=_(
            "CSV with the columns email, roles and, if wanted, team. Several roles stand with spaces between them."
        ),
        widget=forms.Textarea(attrs=_PLAIN | {"rows": 8, "placeholder": "email,roles,team"}),
    )
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=forms.ClearableFileInput(attrs=_INPUT | {"accept": ".csv,text/csv"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if file is not None:
            if file.size > MOST_CHARACTERS:
                raise forms.ValidationError({"file": _("This file is too large for a list of people.")})
            try:
                cleaned["list"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise forms.ValidationError({"file": _("This file is no UTF-8 text. Save it as CSV UTF-8.")}) from None
        return cleaned
