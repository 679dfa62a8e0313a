"""Takedowns: the list of what was removed, a form that first says what it would touch, and the record of each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from verification.models import Takedown
from verification.selectors.takedowns import Touched, photo_touches, takedown_of, takedown_page, words_would_touch
from verification.services.takedowns import take_down_photo, take_down_words
from webapp.accounts.models import User
from webapp.core.errors import BadInput
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

PHOTO, WORDS = "photo", "words"


class TakedownForm(forms.Form):
    """What to remove: a photo by its id or digest, or what a member of the project wrote."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What to remove"),
        choices=[(PHOTO, gettext_lazy("A photo")), (WORDS, gettext_lazy("What a person wrote"))],
        initial=PHOTO,
        widget=forms.RadioSelect,
    )
    photo = forms.CharField(
        label=gettext_lazy("Photo"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Its number in Explore's address, or the SHA-256 of its file."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    person = forms.CharField(
        label=gettext_lazy("Person"),
        max_length=150,
        required=False,
        help_text=gettext_lazy("The user name. Answers, tags, notes and comments are erased; verdicts and pay stay."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Who asked, and why"),
        max_length=2000,
        help_text=gettext_lazy("The record keeps it."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        self.writer: User | None = None
        if values.get("kind") == PHOTO and not values.get("photo", "").strip():
            self.add_error("photo", _("Name the photo."))
        if values.get("kind") == WORDS and "person" in values:
            self.writer = User.objects.filter(username=values["person"].strip()).first()
            if self.writer is None:
                self.add_error("person", _("There is nobody with this user name."))
        return values

    def photo_named(self) -> dict[str, Any]:
        """`image_id` or `sha256`: 64 digits are a digest, fewer a number."""
        text = self.cleaned_data["photo"].strip().lower()
        if text.isdecimal() and len(text) < 19:
            return {"image_id": int(text), "sha256": ""}
        return {"image_id": None, "sha256": text}


@project_view(Action.TAKE_DOWN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def takedowns(request: ProjectRequest) -> HttpResponse:
    """The list with the form. A POST says first what would be touched; one that is confirmed does it."""
    form = TakedownForm(request.POST if request.method == "POST" else None)
    touched: Touched | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if "confirm" in request.POST:
                takedown = _take_down(request, form)
                messages.success(request, _("Removed. This is its record."))
                return redirect("verification:takedown", request.project.slug, takedown.pk)
            touched = _touched(request, form)
        except BadInput as error:
            form.add_error(None, error.message)
    before = request.GET.get("before", "")
    page = takedown_page(project=request.project, before=int(before) if before.isdecimal() else None)
    context = {"form": form, "touched": touched, "page": page, "is_first_page": not before}
    return render(request, "verification/takedowns/list.html", context, status=400 if form.errors else 200)


@project_view(Action.TAKE_DOWN)
@require_safe
@never_cache
def takedown(request: ProjectRequest, takedown_id: int) -> HttpResponse:
    """The record of one: who, when, why, what it touched."""
    found = takedown_of(project=request.project, takedown_id=takedown_id)
    context = {
        "takedown": found,
        "counts": found.effect.get("counts", {}),
        "exports": found.exports.order_by("-pk")[:100],
        "manifests": found.manifests.order_by("-pk")[:100],
    }
    return render(request, "verification/takedowns/detail.html", context)


def _take_down(request: ProjectRequest, form: TakedownForm) -> Takedown:
    reason = form.cleaned_data["reason"]
    if form.writer is not None:
        return take_down_words(project=request.project, user=request.user, writer=form.writer, reason=reason)
    return take_down_photo(project=request.project, user=request.user, reason=reason, **form.photo_named())


def _touched(request: ProjectRequest, form: TakedownForm) -> Touched:
    if form.writer is not None:
        return words_would_touch(project=request.project, writer=form.writer)
    named = form.photo_named()
    touched = photo_touches(project=request.project, **named)
    if touched.image is None and named["image_id"] is not None:
        raise BadInput(_("This project has no photo %(id)s.") % {"id": named["image_id"]})
    return touched
