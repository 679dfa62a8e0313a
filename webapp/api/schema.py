"""The OpenAPI description of /api/v1/, generated from the code. No page shows it: no script comes from elsewhere."""

import inspect
from functools import lru_cache
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.access import public

PREFIX = "/api/v1/"
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields", "reference"],
            "properties": {
                "code": {"type": "string", "description": "Stable, for programs."},
                "message": {"type": "string", "description": "What happened and what to do next, for people."},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    "description": "What is wrong with which field of the request.",
                },
                "reference": {"type": "string", "description": "Stands in the server's log."},
            },
        }
    },
}
# What any request may meet, besides what its description says.
REFUSALS = {
    "400": "The request cannot be used",
    "401": "No token, or one that opens nothing",
    "403": "The token lacks the scope, or the person the role",
    "404": "It does not exist, or not for this person",
    "409": "The facts have moved on",
    "429": "Too often: Retry-After says when to come back",
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # found by drf-spectacular by being a subclass
    target_class = "webapp.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "argus_…"}


class EndpointSchema(AutoSchema):
    """Adds to each operation which scope and which right it needs."""

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        described = inspect.getdoc(getattr(self.view, (self.method or "").lower(), None)) or ""  # not the class's
        need = getattr(self.view, "needs", {}).get(self.method)
        if need is None:
            return described
        right = f"; you may: {need.action.value}" if need.action is not None else ""
        return f"{described}\n\nScope: `{need.scope.value}`{right}."


def keep_our_paths(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """A preprocessing hook: the endpoints below /api/v1/, without the description itself."""
    return [entry for entry in endpoints if entry[0].startswith(PREFIX) and not entry[0].startswith(f"{PREFIX}schema")]


def add_refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A postprocessing hook: every operation may be refused, always in the same shape."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for operation in path.values():
            for status, description in REFUSALS.items():
                operation["responses"].setdefault(status, {"description": description, "content": content})
    return result


@lru_cache(maxsize=1)
def api_schema() -> dict[str, Any]:
    """The description, generated once per process."""
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return described


@extend_schema(exclude=True)
class SchemaView(APIView):
    """The description as JSON, or as YAML with ?format=yaml."""

    access: ClassVar[str] = "public"
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (OpenApiJsonRenderer2, OpenApiYamlRenderer2)
    http_method_names = ["get", "head"]

    def get(self, request: Request) -> Response:
        return Response(api_schema())


schema = public(SchemaView.as_view())
