"""What tags mean, by API."""

from typing import Any

import pytest

from annotation.models import Concept, ConceptMeaning
from annotation.services.meanings import import_meanings
from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer

pytestmark = pytest.mark.django_db

ONE = "projects/{slug}/concepts/{concept_id}"


@pytest.fixture
def cup(db: None) -> Concept:
    return Concept.objects.create(text="cup", display="Cup")


def address(concept_id: int) -> str:
    return f"/api/v1/projects/street/concepts/{concept_id}"


def test_everybody_who_judges_reads_and_leads_write(
    project: Any, ana: Any, edo: Any, cleo: Any, lea: Any, cup: Concept, with_token: TokenClient
) -> None:
    mug = Concept.objects.create(text="mug", display="Mug", alias_of=cup)
    lead = with_token(lea)
    sent = {"text": "To drink <b>from</b>.", "over": 0}
    written = lead.post(f"{address(mug.pk)}/meanings", sent, content_type="application/json")
    written = check_answer(f"{ONE}/meanings", "post", written)
    assert (written["id"], written["name"], written["other_names"]) == (cup.pk, "Cup", ["Mug"])
    for person in (ana, edo, lea):
        read = check_answer(ONE, "get", with_token(person, "read").get(address(cup.pk)))
        assert read["meaning"]["text"] == "To drink <b>from</b>."
        assert lea.username not in str(read)
        named = with_token(person, "read").get("/api/v1/projects/street/concepts/named", {"name": " CUP "})
        assert check_answer("projects/{slug}/concepts/named", "get", named) == read
        assert with_token(person, "read").post(f"{address(cup.pk)}/meanings").status_code == 403
    for person in (ana, edo, cleo):
        assert with_token(person).post(f"{address(cup.pk)}/meanings", {"text": "x"}).status_code == 403
        assert with_token(person).get(f"{address(cup.pk)}/meanings").status_code == 403
    (first,) = check_answer(f"{ONE}/meanings", "get", lead.get(f"{address(cup.pk)}/meanings"))["items"]
    assert (first["by"], first["id"]) == (lea.display_name, written["meaning"]["id"])


def test_what_cannot_be_a_meaning_is_refused(project: Any, lea: Any, cup: Concept, with_token: TokenClient) -> None:
    lead = with_token(lea)
    meanings = f"{address(cup.pk)}/meanings"
    for sent in ({"text": "x" * 501}, {}, {"text": "x", "writer": 1}, {"text": None}, {"text": "x", "over": -1}):
        assert lead.post(meanings, sent, content_type="application/json").status_code == 400, sent
    import_meanings([("cup", "A vessel.")])
    stale = lead.post(meanings, {"text": "x", "over": 0}, content_type="application/json")
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "meaning_changed")
    assert ConceptMeaning.objects.get().text == "A vessel."
    for missing in (address(2**40), f"{address(2**40)}/meanings", address(2**70)):
        assert lead.get(missing).status_code == 404
    assert lead.get("/api/v1/projects/street/concepts/named", {"name": "gnu"}).status_code == 404
    assert lead.get("/api/v1/projects/street/concepts/named").status_code == 400
