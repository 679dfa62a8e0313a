"""How a view outside projects declares who may use it. A view without a declaration is refused by the middleware."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from webapp.accounts.models import User
from webapp.core.middleware import wants_json

View = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


def public(view: View) -> View:
    """Anybody, without signing in."""
    view.access = "public"  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
    return view


def signed_in(view: View) -> View:
    """Anybody who is signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return ask_to_sign_in(request) or view(request, *args, **kwargs)

    guarded.access = "signed in"  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
    return guarded


def ask_to_sign_in(request: HttpRequest) -> HttpResponse | None:
    """What somebody gets who is not signed in, or must first replace a one-time password; None for all others.

    Programs (Accept: application/json) get 401 or 403, htmx a full-page redirect, people the sign-in page.
    """
    if not request.user.is_authenticated:
        if wants_json(request):
            return _refusal("signed_out", _("Your session has ended. Sign in to go on."), status=401)
        return _whole_page(request, redirect_to_login(_page_of(request)))
    if request.user.must_change_password:
        if wants_json(request):
            return _refusal("password_is_one_time", _("Choose a password of your own first."), status=403)
        return _whole_page(request, redirect("account_change_password"))
    return None


def own_address(request: HttpRequest, address: str, *, default: str) -> str:
    """`address` when it is a page of this site, else `default`: nobody is sent elsewhere by a crafted link."""
    hosts = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=hosts, require_https=request.is_secure())
    return address if is_ours else default


def _page_of(request: HttpRequest) -> str:
    """Where to come back to: the page, not the fragment that htmx asked for, nor the target of a form."""
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.current_url_abs_path:
        return str(htmx.current_url_abs_path)
    return request.get_full_path() if request.method in ("GET", "HEAD") else "/"


def _whole_page(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """htmx would swap the sign-in page into a fragment; HX-Redirect loads it as a page."""
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": answer["Location"]})
    return answer


def _refusal(code: str, message: str, *, status: int) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
