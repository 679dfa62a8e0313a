"""The Content-Security-Policy header: the policy of the settings, put together once and not for every response."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from webapp.core.middleware import GetResponse


class ContentSecurityMiddleware(CSPMiddleware):
    """django-csp's, which is still asked where a view wants a policy or a nonce of its own."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        policy = settings.CONTENT_SECURITY_POLICY
        is_plain = set(policy) == {"DIRECTIVES"} and not hasattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY")
        self._ready = build_policy() if is_plain and not settings.DEBUG else ""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        wants_own = hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response))
        if wants_own or not self._ready or HEADER in response:
            return super().process_response(request, response)
        response[HEADER] = self._ready
        return response
