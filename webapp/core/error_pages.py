"""Django's own refusals, in the words and the shape of ours (webapp/core/errors.py)."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token

from webapp.core.middleware import current_request_id, wants_json

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _bare(request, 400, "bad_input", _("The browser sent something that cannot be understood."))


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, "not_allowed", _("Your account may not do this. Ask a lead of the project."))


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request,
        404,
        "not_found",
        _("There is nothing at this address, or it is not open to you. Check the address, or ask for access."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was old, or cookies are off. Says what to do; the reason goes to the log."""
    log.info("CSRF check failed: %s", reason)
    return _page(
        request,
        403,
        "form_expired",
        _("This form is no longer valid, so nothing was changed. Go back, load the page again and send it once more."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs neither database nor session: they may be what failed."""
    return _bare(
        request, 500, "server_error", _("Something failed on the server. What you had saved is safe. Try again.")
    )


def _page(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    error = _error(code, message)
    if wants_json(request):
        return JsonResponse({"error": error}, status=status)
    return render(request, "errors/error.html", {"error": error}, status=status)


def _bare(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    error = _error(code, message)
    if wants_json(request):
        return JsonResponse({"error": error}, status=status)
    return HttpResponse(render_to_string("errors/bare.html", {"error": error}), status=status)


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "reference": current_request_id()}
