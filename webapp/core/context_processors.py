"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest

from webapp.core.middleware import current_request_id


def argus(request: HttpRequest) -> dict[str, object]:
    return {"argus_version": settings.ARGUS_VERSION, "request_id": current_request_id()}
