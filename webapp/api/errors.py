"""The one shape of every refusal: {"error": {"code", "message", "fields", "reference"}}."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from webapp.core.errors import ArgusError
from webapp.core.middleware import current_request_id

log = logging.getLogger(__name__)

Fields = dict[str, list[str]]


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's EXCEPTION_HANDLER. None for faults of the server: they become a 500 with a reference."""
    if isinstance(error, ArgusError):
        log.info("API: %s (%s)", error.message, error.code)
        return _answer(error.status, error.code, error.message, headers=_retry(getattr(error, "retry_after", None)))
    if isinstance(error, Http404):
        message = _("There is nothing at this address, or it is not open to you.")
        return _answer(status.HTTP_404_NOT_FOUND, "not_found", message)
    if isinstance(error, PermissionDenied):
        return _answer(status.HTTP_403_FORBIDDEN, "not_allowed", _("Your account may not do this."))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None


def _of_framework(error: exceptions.APIException) -> Response:
    headers = _retry(getattr(error, "wait", None))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.ValidationError):
        fields = _fields(error.detail)
        names = ", ".join(fields)
        message = _("The request cannot be used: see “fields” (%(names)s).") % {"names": names}
        return _answer(status.HTTP_400_BAD_REQUEST, "bad_input", message, fields=fields)
    if isinstance(error, exceptions.NotAuthenticated):
        message = _("Send a token (Authorization: Bearer …), or sign in.")
        return _answer(error.status_code, "signed_out", message, headers=headers)
    detail = error.detail
    if isinstance(error, exceptions.PermissionDenied) and str(detail).startswith("CSRF"):
        message = _("With a session, send its CSRF token in X-CSRFToken; programs send a token of their own instead.")
        return _answer(error.status_code, "csrf", message)
    code = str(getattr(detail, "code", error.default_code))
    return _answer(error.status_code, _OUR_CODES.get(code, code), str(detail), headers=headers)


_OUR_CODES = {"throttled": "too_many", "parse_error": "bad_input", "permission_denied": "not_allowed"}


def _fields(detail: Any, prefix: str = "") -> Fields:
    """Messages by field, nested ones joined by dots."""
    if isinstance(detail, dict):
        found: Fields = {}
        for name, inner in detail.items():
            found |= _fields(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    messages = detail if isinstance(detail, list) else [detail]
    return {prefix or "body": [str(message) for message in messages]}


def _retry(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(max(1, round(seconds)))}


def _answer(
    code: int, name: str, message: str, *, fields: Fields | None = None, headers: dict[str, str] | None = None
) -> Response:
    error = {"code": name, "message": message, "fields": fields or {}, "reference": current_request_id()}
    return Response({"error": error}, status=code, headers=headers)
