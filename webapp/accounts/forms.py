"""What people may change about themselves. Nothing else on the account is theirs to change."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Theme, User


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
