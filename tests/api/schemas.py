"""Holds an answer of the API against its own description."""

from typing import Any

from django.http import HttpResponse
from jsonschema import Draft202012Validator

from webapp.api.schema import api_schema


def check_answer(path: str, method: str, response: HttpResponse) -> Any:
    """The answer's JSON, which must fit what the description says of `path` (as it stands there) and this status."""
    described = api_schema()
    operation = described["paths"][f"/api/v1/{path}"][method]
    schema = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
    content = response.json()
    Draft202012Validator({**schema, "components": described["components"]}).validate(content)
    return content
