"""The card of a tag and the meaning that leads write on it."""

from typing import Any

import pytest
from django.test import Client

from annotation.models import Concept, ConceptMeaning
from annotation.services.meanings import import_meanings, write_meaning
from tests.verification.packages import member
from tests.verification.views.test_quality_pages import EVIL, page
from verification.models import Takedown
from verification.services.takedowns import take_down_words
from webapp.projects.models import Membership, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def cup(db: None) -> Concept:
    return Concept.objects.create(text="cup", display="Cup")


def card_of(concept: Concept, project: str = "street") -> str:
    return f"/p/{project}/concepts/{concept.pk}/card/"


def write(client: Client, lea: Any, cup: Concept, text: str, **more: Any) -> Any:
    client.force_login(lea)
    return client.post(f"/p/street/concepts/{cup.pk}/meaning", {"text": text, **more})


def test_a_lead_writes_the_meaning_and_everybody_reads_it(
    client: Client, project: Any, ana: Any, edo: Any, lea: Any, cup: Concept
) -> None:
    text = page(client, lea, card_of(cup))
    assert "No meaning is written yet" in text
    assert 'name="text"' in text
    fragment = client.get(card_of(cup), headers={"X-Requested-With": "fetch"}).content.decode()
    assert f'href="{card_of(cup)}#meaning"' in fragment
    answer = write(client, lea, cup, f"To drink from {EVIL}", over=0)
    assert (answer.status_code, answer["Location"]) == (302, card_of(cup))
    for person in (ana, edo):
        text = page(client, person, card_of(cup))
        assert "To drink from &lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert EVIL not in text
        assert 'name="text"' not in text
        assert lea.username not in text
        fragment = client.get(card_of(cup), headers={"X-Requested-With": "fetch"}).content.decode()
        assert "To drink from" in fragment
    text = page(client, lea, card_of(cup))
    assert lea.display_name in text
    assert EVIL not in text
    assert "All projects of this site share their tags" in text


def test_annotators_and_experts_are_not_sent_to_write_one(client: Client, project: Any, ana: Any, cup: Concept) -> None:
    text = page(client, ana, card_of(cup))
    assert "No meaning is written yet" in text
    assert "#meaning" not in text


def test_what_is_too_long_comes_back_with_what_was_typed(client: Client, project: Any, lea: Any, cup: Concept) -> None:
    answer = write(client, lea, cup, "long " * 101)
    assert answer.status_code == 400
    assert "at most 500 characters; this one has 504" in answer.content.decode()
    assert "long long" in answer.content.decode()
    assert write(client, lea, cup, "line\r\n" * 90).status_code == 302  # 449 characters once it is one line
    assert not Concept.objects.filter(text="line").exists()


def test_whoever_saw_an_older_meaning_overwrites_nothing(client: Client, project: Any, lea: Any, cup: Concept) -> None:
    assert write(client, lea, cup, "First.", over=0).status_code == 302
    assert write(client, lea, cup, "Second.", over=0).status_code == 409
    assert ConceptMeaning.objects.get().text == "First."


def test_only_leads_write_and_only_by_a_form_with_a_token(
    client: Client, project: Any, ana: Any, edo: Any, cleo: Any, otto: Any, lea: Any, cup: Concept
) -> None:
    for person, status in ((ana, 403), (edo, 403), (cleo, 403), (otto, 404)):
        assert write(client, person, cup, "Mine.").status_code == status
    assert client.get(f"/p/street/concepts/{cup.pk}/meaning").status_code in {404, 405}
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(lea)
    assert strict.post(f"/p/street/concepts/{cup.pk}/meaning", {"text": "x"}).status_code == 403
    assert not ConceptMeaning.objects.exists()


def test_other_projects_see_the_meaning_but_not_who_wrote_it(
    client: Client, project: Any, lea: Any, cup: Concept
) -> None:
    other = Project.objects.create(name="Other", slug="other")
    olga = member(other, "olga", "lead")
    write(client, lea, cup, "To drink from.")
    text = page(client, olga, card_of(cup, "other"))
    assert "To drink from." in text
    assert "a lead of another project" in text
    assert f"<bdi>{lea.display_name}</bdi>" not in text
    Membership.objects.create(project=project, user=olga, role="lead")
    assert lea.display_name in page(client, olga, card_of(cup))


def test_a_meaning_from_a_list_says_so(client: Client, project: Any, ana: Any, lea: Any, cup: Concept) -> None:
    import_meanings([("cup", "A vessel.")])
    assert "From a list" in page(client, ana, card_of(cup))
    write(client, lea, cup, "")
    text = page(client, lea, card_of(cup))
    assert "taken away" in text
    assert "From a list" in text  # in its history


def test_a_persons_meanings_are_erased_with_their_words_and_what_stood_before_counts(
    client: Client, project: Any, lea: Any, cup: Concept
) -> None:
    import_meanings([("cup", "A vessel.")])
    mara = member(project, "mara", "lead")
    write_meaning(concept_id=cup.pk, text="Mara's cup.", writer_id=mara.pk, project_id=project.pk)
    takedown = take_down_words(project=project, user=lea, writer=mara, reason="Mara asked")
    assert takedown.effect["counts"]["meanings"] == 1
    text = page(client, lea, card_of(cup))
    assert "Mara" not in text
    assert "A vessel." in text
    assert "Meanings of tags erased" in page(client, lea, f"/p/street/takedowns/{Takedown.objects.get().pk}/")
