"""The OpenAPI description: valid, complete, and true."""

from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.validation import validate_schema

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.webapp.access_rows import ROWS
from tests.webapp.test_access_matrix import endpoints
from webapp.api.schema import api_schema


def test_the_description_is_valid_openapi() -> None:
    validate_schema(api_schema())


def test_every_endpoint_and_method_is_described() -> None:
    described = {operation["operationId"] for path in api_schema()["paths"].values() for operation in path.values()}
    methods = sum(len(pattern.callback.access) for name, pattern in endpoints() if name in ROWS and ROWS[name].token)
    assert len(described) == methods
    assert all(
        {"400", "401", "403", "404", "409", "429"} <= set(operation["responses"])
        for path in api_schema()["paths"].values()
        for operation in path.values()
    )


def test_anybody_can_read_it_as_json_and_as_yaml(client: Client) -> None:
    as_json = client.get("/api/v1/schema").json()
    answer = client.get("/api/v1/schema?format=yaml")
    assert yaml.load(answer.content, yaml.CSafeLoader)["paths"].keys() == as_json["paths"].keys()
    assert "bearer" in as_json["components"]["securitySchemes"]["token"]["scheme"]


@pytest.mark.django_db
def test_answers_are_what_the_description_says(
    project: Any, ana: Any, lea: Any, cleo: Any, with_token: TokenClient
) -> None:
    make_sample(project, items=3)
    annotator, lead, consumer = with_token(ana), with_token(lea), with_token(cleo)
    below = "projects/{slug}"
    check_answer("me", "get", annotator.get("/api/v1/me"))
    check_answer("projects", "get", annotator.get("/api/v1/projects"))
    check_answer(below, "get", annotator.get("/api/v1/projects/street"))
    check_answer(f"{below}/statistics/me", "get", annotator.get("/api/v1/projects/street/statistics/me"))
    check_answer(f"{below}/statistics", "get", lead.get("/api/v1/projects/street/statistics"))
    check_answer(f"{below}/loops", "get", lead.get("/api/v1/projects/street/loops"))
    check_answer(f"{below}/loops/{{loop_number}}", "get", lead.get("/api/v1/projects/street/loops/1"))
    check_answer(f"{below}/exports", "get", consumer.get("/api/v1/projects/street/exports"))
    made = consumer.post("/api/v1/projects/street/exports", {"kind": "tags"}, content_type="application/json")
    export = check_answer(f"{below}/exports", "post", made)
    check_answer(
        f"{below}/exports/{{export_id}}", "get", consumer.get(f"/api/v1/projects/street/exports/{export['id']}")
    )
    refused = annotator.get("/api/v1/projects/street/exports")
    assert check_answer(f"{below}/exports", "get", refused)["error"]["code"] == "not_allowed"
