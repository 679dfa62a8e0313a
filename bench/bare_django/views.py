"""Take an item (SKIP LOCKED), insert a verdict: in two requests, or in one."""

import json
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

from bench.bare_django.tables import SUBMIT, TAKE


def take(request: HttpRequest) -> HttpResponse:
    sent = json.loads(request.body)
    return _answer(_take(sent["annotator"]))


def submit(request: HttpRequest) -> HttpResponse:
    sent = json.loads(request.body)
    return _answer({"verdict": _submit(sent)})


def both(request: HttpRequest) -> HttpResponse:
    sent = json.loads(request.body)
    verdict = _submit(sent)
    return _answer({"verdict": verdict, **_take(sent["annotator"])})


def _take(annotator: int) -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [annotator])
        item, shown = cursor.fetchone()
    return {"item": item, "shown": json.loads(shown)}


def _submit(sent: dict[str, Any]) -> object:
    with connection.cursor() as cursor:
        cursor.execute(SUBMIT, sent)
        row = cursor.fetchone()
    return row and row[0]


def _answer(content: dict[str, object]) -> HttpResponse:
    body = json.dumps(content).encode()
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})
