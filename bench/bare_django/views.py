"""Take an item (SKIP LOCKED), insert a verdict: in two requests, or in one."""

import json

from django.db import connection
from django.http import HttpRequest, HttpResponse

_TAKE = """
UPDATE item SET state = 'leased', annotator = %s
WHERE id = (SELECT id FROM item WHERE state = 'open' ORDER BY rank LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, shown::text
"""
_SUBMIT = """
WITH done AS (UPDATE item SET state = 'done' WHERE id = %(item)s AND annotator = %(annotator)s RETURNING id)
INSERT INTO verdict (item, annotator, rejected)
SELECT id, %(annotator)s, %(rejected)s::bigint[] FROM done RETURNING id
"""


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
        cursor.execute(_TAKE, [annotator])
        item, shown = cursor.fetchone()
    return {"item": item, "shown": json.loads(shown)}


def _submit(sent: dict[str, object]) -> object:
    with connection.cursor() as cursor:
        cursor.execute(_SUBMIT, sent)
        row = cursor.fetchone()
    return row and row[0]


def _answer(content: dict[str, object]) -> HttpResponse:
    body = json.dumps(content).encode()
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})
