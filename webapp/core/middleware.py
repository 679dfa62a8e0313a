"""Request ids, the language, deny-by-default, and the one place where errors become answers."""

import logging
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed, PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render

from webapp.core.errors import ArgusError

GetResponse = Callable[[HttpRequest], HttpResponse]
ViewFunction = Callable[..., HttpResponse]

log = logging.getLogger(__name__)
_request_id: ContextVar[str] = ContextVar("request_id", default="-")

# Views of these packages guard themselves: allauth's sign-in pages, the admin site's own permission check.
SELF_GUARDED_MODULES = ("allauth.", "django.contrib.admin.", "django.contrib.auth.admin", "webapp.accounts.admin_site")


def current_request_id() -> str:
    """The reference a person can quote from an error page."""
    return _request_id.get()


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _request_id.get()
        return True


class RequestIdMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request_id.set(uuid.uuid4().hex[:8])
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = _request_id.get()
            return response
        finally:
            _request_id.reset(token)


class LanguageMiddleware(LocaleMiddleware):
    """The language that the browser asks for; where Argus has only one, there is nothing to find out."""

    def __init__(self, get_response: GetResponse) -> None:
        if len(settings.LANGUAGES) == 1:
            raise MiddlewareNotUsed
        super().__init__(get_response)


class DenyByDefaultMiddleware:
    """Refuses every view that does not declare who may use it (webapp/projects/access.py)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: ViewFunction, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if getattr(view, "access", None) is None and not is_self_guarded(view):
            raise PermissionDenied(f"{view!r} declares no access")


def is_self_guarded(view: ViewFunction) -> bool:
    """Whether `view` comes from a package that checks rights itself."""
    origin = getattr(view, "view_class", None) or getattr(view, "admin_site", None) or view
    module = getattr(origin, "__module__", "") or type(origin).__module__
    return module.startswith(SELF_GUARDED_MODULES)


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", "")


class ErrorMiddleware:
    """Turns an ArgusError into JSON for programs, a fragment for htmx, a page for people."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ArgusError):
            return None
        log.info("%s %s: %s (%s)", request.method, request.path, error.message, error.code)
        payload = {"code": error.code, "message": error.message, "reference": current_request_id()}
        if wants_json(request):
            return JsonResponse({"error": payload}, status=error.status)
        return render(request, "errors/error.html", {"error": payload}, status=error.status)
