"""What the address of Explore may ask for. Everything is an allow-list or a number."""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.labels import ROLE_LABELS, SIZE_LABELS, SIZES, TAG_SOURCES
from annotation.selectors.explore.listings import LAST_KEY, Stretch
from webapp.core.errors import BadInput

VERIFIED = {"yes": True, "no": False}


class KeyField(forms.IntegerField):
    """An id, or the key of a page."""

    def __init__(self) -> None:
        super().__init__(required=False, min_value=0, max_value=LAST_KEY, widget=forms.HiddenInput)


class ExploreForm(forms.Form):
    """The filters, and the photo, region and page that the address names."""

    concept = forms.CharField(required=False, max_length=100)
    source = forms.ChoiceField(
        label=gettext_lazy("Source"),
        required=False,
        choices=[
            ("", gettext_lazy("Source: any")),
            *((name, ROLE_LABELS[role]) for name, role in TAG_SOURCES.items()),
        ],
    )
    size = forms.ChoiceField(
        label=gettext_lazy("Size"),
        required=False,
        choices=[("", gettext_lazy("Size: any")), *((name, SIZE_LABELS[size]) for name, size in SIZES.items())],
    )
    verified = forms.ChoiceField(
        label=gettext_lazy("Verified"),
        required=False,
        choices=[
            ("", gettext_lazy("Verified: any")),
            ("yes", gettext_lazy("Verified")),
            ("no", gettext_lazy("Not verified")),
        ],
    )
    photo = KeyField()
    region = KeyField()
    after = KeyField()
    before = KeyField()
    all = forms.BooleanField(required=False, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked address. `role_mask` and `size_class` are None for any."""

    concept: str
    role_mask: int | None
    size_class: int | None
    verified: bool | None
    photo: int | None
    region: int | None
    after: int | None
    before: int | None
    everything: bool

    @property
    def is_search(self) -> bool:
        """Whether regions are listed instead of photos."""
        return bool(self.concept) or (self.role_mask, self.size_class, self.verified) != (None, None, None)

    def stretch(self) -> Stretch:
        """The page that is asked for. An address that names only a photo or a region begins there."""
        if self.before is not None:
            return Stretch(self.before, forward=False)
        if self.after is not None:
            return Stretch(self.after)
        start = self.region if self.is_search else self.photo
        return Stretch(start - 1) if start else Stretch()


def read_address(form: ExploreForm) -> Asked:
    """Raises BadInput naming the part of the address that cannot be understood."""
    if not form.is_valid():
        part, errors = next(iter(form.errors.items()))
        raise BadInput(
            _("The address asks for a “%(part)s” that is not known: %(why)s") % {"part": part, "why": errors[0]}
        )
    data = form.cleaned_data
    return Asked(
        concept=data["concept"],
        role_mask=TAG_SOURCES[data["source"]].value if data["source"] else None,
        size_class=SIZES[data["size"]].value if data["size"] else None,
        verified=VERIFIED.get(data["verified"]),
        photo=data["photo"],
        region=data["region"],
        after=data["after"],
        before=data["before"],
        everything=data["all"],
    )
