"""A person's API tokens: made, shown once, revoked."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import SignedInRequest, signed_in
from webapp.accounts.forms import NewTokenForm
from webapp.accounts.models import ApiToken, TokenScope
from webapp.accounts.tokens import issue_token, revoke_token, usable_tokens
from webapp.core.errors import ArgusError


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def tokens(request: SignedInRequest) -> HttpResponse:
    """The list with the form. A new token is answered with the page itself: its secret survives no redirect."""
    form = NewTokenForm(request.POST if request.method == "POST" else None)
    made: tuple[ApiToken, str] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = issue_token(user=request.user, **form.cleaned_data)
            form = NewTokenForm()
        except ArgusError as error:
            form.add_error(None, error.message)
    labels = dict(TokenScope.choices)
    listed = [
        (token, [str(labels[scope]).partition(":")[0] for scope in token.scopes])
        for token in usable_tokens(request.user)
    ]
    context = {"form": form, "issued": listed, "made": made}
    return render(request, "account/tokens.html", context, status=400 if form.errors else 200)


@signed_in
@require_POST
def revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    token = revoke_token(user=request.user, token_id=token_id)
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("accounts:tokens")
