"""What people may change about themselves. Nothing else on the account is theirs to change."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from webapp.accounts.models import Theme, TokenScope, User
from webapp.accounts.tokens import LIFETIMES


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        help_text=_("Leads and experts see it instead of the username."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
    )

    class Meta:
        model = User
        fields = ["theme", "single_key_shortcuts"]
        widgets = {"theme": forms.RadioSelect}
        labels = {"theme": _("Appearance")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = self.instance.get_full_name()

    def save(self, commit: bool = True) -> User:
        self.instance.first_name, self.instance.last_name = self.cleaned_data["name"], ""
        saved: User = super().save(commit)
        return saved


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Theme)


class NewTokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What uses it, such as “training server”."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may be used for"),
        choices=TokenScope,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    days = forms.TypedChoiceField(
        label=_("Stops working after"),
        coerce=int,
        initial=30,
        choices=[(days, ngettext_lazy("%(days)s day", "%(days)s days", "days") % {"days": days}) for days in LIFETIMES],
        widget=forms.Select(attrs={"class": "input input-short"}),
    )
