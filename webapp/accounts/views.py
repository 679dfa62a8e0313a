"""A person's own account. Sign-in, passwords and two-factor are allauth's pages (templates/account, templates/mfa)."""

from allauth.mfa.adapter import get_adapter as mfa_adapter
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import SignedInRequest, own_address, signed_in
from webapp.accounts.forms import ProfileForm, ThemeForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Name, appearance, keys; links to password and two-factor."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your settings are saved."))
        return redirect("accounts:profile")
    has_two_factor = mfa_adapter().is_mfa_enabled(request.user)
    return render(request, "account/profile.html", {"form": form, "has_two_factor": has_two_factor})


@signed_in
@require_POST
def set_theme(request: SignedInRequest) -> HttpResponse:
    """The choice in the bar's menu; goes back to the page it was made on."""
    form = ThemeForm(request.POST)
    if form.is_valid():
        request.user.theme = form.cleaned_data["theme"]
        request.user.save(update_fields=["theme"])
    return redirect(own_address(request, request.POST.get("next", ""), default="/"))


@signed_in
def email_is_kept_by_admins(request: SignedInRequest) -> HttpResponse:
    """In place of allauth's page: roles are given by email address, so nobody may claim an address by themselves."""
    messages.info(request, _("Your email address is kept by the site admins. Ask one of them to change it."))
    return redirect("accounts:profile")
