"""Pages of quality, pay, histories and concept cards: who sees what, with real work behind them."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Concept
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import contents, disagreement, member, packed, reviewed, rule_all, said
from tests.verification.services.annotated import annotated_loop
from verification.models import Comment, Standing, StandingChange, Verdict
from verification.services.queue import lease_items, release_items
from verification.services.reviews import decide_package, rule_item
from verification.services.samples import draw_tag_sample
from verification.services.standing import pause_person

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def work(project: Any, ana: Any, edo: Any, lea: Any) -> Any:
    """Ana judged four items; Edo decided about two of them and found one wrong, with a note. The package."""
    reviewed(project, size=2, threshold=0.5)
    sample = make_sample(project, items=4)
    items = items_of(sample)
    for item in items[:2]:
        judge(item, ana)
    (package,) = packed(sample, final=False)
    rule_all(package, edo)
    first = contents(package)[0]
    rule_item(
        project_id=project.pk,
        user_id=edo.pk,
        package_id=package.pk,
        item_id=first.pk,
        mark=disagreement(first, note=f"It is only the handle {EVIL}"),
    )
    decide_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    release_items(project_id=project.pk, user_id=ana.pk)
    for item in items[2:]:
        judge(item, ana, "milk jug")
    return package


def page(client: Client, person: Any, address: str, status: int = 200) -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, (person, address)
    return " ".join(answer.content.decode().split())


def key_of(item: Any, person: Any) -> uuid.UUID:
    return Verdict.objects.get(item=item, annotator=person, is_withdrawal=False).key


def test_only_leads_see_the_numbers_of_others(
    client: Client, project: Any, work: Any, ana: Any, edo: Any, lea: Any, cleo: Any, otto: Any, admin: Any
) -> None:
    pages = ["/quality/", "/quality/agreement/", f"/quality/people/{ana.pk}/", "/pay/", "/pay/forecast/"]
    pages += [f"/pay/people/{ana.pk}.csv"]
    for address in pages:
        for person, status in ((ana, 403), (edo, 403), (cleo, 403), (otto, 404), (lea, 200), (admin, 200)):
            client.force_login(person)
            answer = client.get(f"/p/street{address}")
            assert answer.status_code == status, (person, address)
            if answer.streaming:
                answer.getvalue()


def test_an_annotator_sees_their_own_and_nobody_elses(client: Client, project: Any, work: Any, ana: Any) -> None:
    ben = member(project, "ben", "annotator")
    own = reverse("verification:own_item", args=["street", key_of(work.items.get(position=0).item, ana)])
    assert "What experts said" in page(client, ana, own)
    assert "handle" in page(client, ana, "/p/street/work/feedback/")
    page(client, ben, own, 404)
    for address in ("revise", "comment", "read"):
        assert client.post(f"{own}{address}", {"text": "x", "key": str(uuid.uuid4())}).status_code == 404
    assert "handle" not in page(client, ben, "/p/street/work/feedback/")
    assert "$0.08" in page(client, ana, "/p/street/earnings/")
    assert "$0.08" not in page(client, ben, "/p/street/earnings/")


def test_my_work_tells_what_experts_said(client: Client, project: Any, work: Any, ana: Any) -> None:
    text = page(client, ana, "/p/street/work/")
    assert "They agreed with 1 of 2 items. Fewer than 30: too few to say." in text
    assert "You left <b><bdi>milk jug</bdi></b> as right. Experts: it is wrong." in text
    assert "It is only the handle &lt;script&gt;" in text
    assert EVIL not in text
    assert '<dd id="today-earned">$0.08</dd>' in text
    assert "edo" not in text


def test_my_work_lists_every_kind_of_task(client: Client, project: Any, ana: Any) -> None:
    from tests.verification.questions import check, make_question_sample

    tags = make_sample(project, items=3)
    questions = make_question_sample(tags)
    ben = member(project, "ben", "annotator")
    check(questions.items.order_by("pk")[0], ben, "wrong_answer")
    text = page(client, ana, "/p/street/work/")
    assert "Tag task, 3 items" in text
    assert "Is the answer right? 2 waiting, $0.02 each" in text
    assert "Write the right one. 1 waiting, $0.07 each" in text


def test_a_paused_person_reads_why(client: Client, project: Any, ana: Any, lea: Any) -> None:
    make_sample(project)
    pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason=f"Read the guide {EVIL}")
    text = page(client, ana, "/p/street/work/")
    assert "The project lead has paused your work" in text
    assert "Read the guide &lt;script&gt;" in text
    assert 'id="continue"' not in text


def test_a_paused_person_is_told_why_a_verdict_of_theirs_stands(
    client: Client, project: Any, work: Any, ana: Any, lea: Any
) -> None:
    own = f"/p/street/work/history/{key_of(items_of(work.sample)[2], ana)}/"
    assert "Judge it again" in page(client, ana, own)
    pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    text = page(client, ana, own)
    assert "It stands as you sent it" in text
    assert "Judge it again" not in text
    assert client.post(f"{own}revise").status_code == 409


def test_own_history_shows_what_can_be_changed_and_reopens_it(
    client: Client, project: Any, work: Any, ana: Any
) -> None:
    items = items_of(work.sample)
    text = page(client, ana, "/p/street/work/history/")
    keys = [str(key_of(item, ana)) for item in items]
    assert keys[3] in text
    assert keys[2] in text
    assert keys[0] not in text  # with the experts
    assert text.index(keys[3]) < text.index(keys[2])
    release_items(project_id=project.pk, user_id=ana.pk)
    answer = client.post(f"/p/street/work/history/{keys[2]}/revise")
    assert (answer.status_code, answer["Location"]) == (302, "/p/street/work/tags/")
    (held,) = lease_items(project_id=project.pk, user_id=ana.pk, count=1)
    assert held.item_id == items[2].pk
    assert client.post(f"/p/street/work/history/{keys[0]}/revise").status_code == 409
    assert keys[2] not in page(client, ana, "/p/street/work/history/")


def test_own_history_goes_on_page_by_page(
    client: Client, project: Any, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verification.selectors import own_history

    sample = make_sample(project, items=7)
    for item in items_of(sample):
        said(item, ana)
    monkeypatch.setattr(own_history, "PAGE", 3)
    seen: list[int] = []
    before = None
    for _page in range(4):
        rows, before = own_history.own_unpacked_verdicts(project_id=project.pk, user_id=ana.pk, before=before)
        seen += [row.item.item_id for row in rows]
        if before is None:
            break
    assert seen == [item.pk for item in reversed(items_of(sample))]
    page(client, ana, "/p/street/work/history/?before=x", 400)


def test_a_question_is_asked_answered_and_read(client: Client, project: Any, work: Any, ana: Any, edo: Any) -> None:
    item = work.items.get(position=0).item
    own = reverse("verification:own_item", args=["street", key_of(item, ana)])
    page(client, ana, own)
    sent = {"text": f"But the lid? {EVIL}", "key": str(uuid.uuid4())}
    for _twice in range(2):
        assert client.post(f"{own}comment", sent).status_code == 302
    history = f"/p/street/items/{item.pk}/history/"
    text = page(client, edo, history)
    assert "But the lid? &lt;script&gt;" in text
    assert EVIL not in text
    assert "ana" not in text.split("<main")[1]  # experts are shown no names
    answer = client.post(f"{history}threads/{ana.pk}", {"text": "It belongs to it.", "key": str(uuid.uuid4())})
    assert answer.status_code == 302
    assert Comment.objects.count() == 2
    assert "1 new answer" in page(client, ana, "/p/street/work/")
    text = page(client, ana, own)
    assert "It belongs to it." in text
    assert "edo" not in text
    assert client.post(f"{own}read", headers={"HX-Request": "true"}).status_code == 204
    assert "new answer" not in page(client, ana, "/p/street/work/")
    assert client.post(f"{own}comment", {"text": " ", "key": str(uuid.uuid4())}).status_code == 400


def test_item_history_is_for_leads_and_for_experts_who_decided(
    client: Client, project: Any, work: Any, ana: Any, edo: Any, lea: Any
) -> None:
    eva = member(project, "eva", "expert")
    decided, open_item = items_of(work.sample)[0], items_of(work.sample)[3]
    text = page(client, lea, f"/p/street/items/{decided.pk}/history/")
    events = ["Drawn in loop 1", "Verdict", "Put into package", "Expert: disagrees", "A wrong tag was left", "decided"]
    places = [text.index(event) for event in events]
    assert places == sorted(places)
    assert "ana" in text
    assert "edo" in text
    page(client, edo, f"/p/street/items/{decided.pk}/history/")
    page(client, edo, f"/p/street/items/{open_item.pk}/history/", 404)
    page(client, eva, f"/p/street/items/{decided.pk}/history/", 404)
    page(client, ana, f"/p/street/items/{decided.pk}/history/", 403)
    page(client, lea, "/p/street/items/999999/history/", 404)


def test_the_history_of_a_gold_item_is_the_leads_alone(
    client: Client, project: Any, work: Any, ana: Any, edo: Any, lea: Any
) -> None:
    from verification.models import SampleItem

    source = items_of(work.sample)[0]
    gold = SampleItem.objects.create(
        sample=source.sample,
        image=source.image,
        region_ids=source.region_ids,
        shown=source.shown,
        is_gold=True,
        inclusion_probability=1,
    )
    assert "Gold item" in page(client, lea, f"/p/street/items/{gold.pk}/history/")
    page(client, edo, f"/p/street/items/{gold.pk}/history/", 404)


def test_the_lead_pauses_resumes_asks_to_qualify_and_sends_back(
    client: Client, project: Any, work: Any, ana: Any, lea: Any
) -> None:
    person = f"/p/street/quality/people/{ana.pk}/"
    text = page(client, lea, person)
    assert "1 of 2: too few to say" in text
    assert "milk jug" in text
    for deed, state in (("pause", "paused since"), ("resume", "Pause"), ("requalify", "qualifies again since")):
        assert client.post(f"{person}{deed}", {"reason": f"Because {EVIL}"}).status_code == 302
        text = page(client, lea, person)
        assert state in text
        assert EVIL not in text
    assert "qualifies again" in page(client, lea, "/p/street/quality/")
    assert client.post(f"{person}send-back", {"count": "0"}).status_code == 400
    sent = {"count": "10", "reason": "Too fast", "take_pay_back": "on"}
    assert client.post(f"{person}send-back", sent).status_code == 302
    change = StandingChange.objects.get(kind="sent_back")
    assert (change.items, change.pay_taken_back, change.by) == (2, True, lea)
    assert client.post(f"{person}send-back", sent).status_code == 409
    assert Standing.objects.get(person=ana).requalify_since is not None
    assert f"{project.tag_rate * 2:.2f}" in page(client, lea, "/p/street/pay/")
    assert client.post(f"{person}pause", {"reason": "x" * 501}).status_code == 400


def test_the_board_is_sorted_by_listed_columns_only(client: Client, project: Any, work: Any, lea: Any) -> None:
    for sort in ("help", "name", "experts", "gold", "speed", "last"):
        assert "ana" in page(client, lea, f"/p/street/quality/?sort={sort}")
    for sort in ("password", "user__password", "-name", "name;drop"):
        page(client, lea, f"/p/street/quality/?sort={sort}", 400)


def test_pay_by_loop_and_person(client: Client, project: Any, work: Any, ana: Any, lea: Any) -> None:
    text = page(client, lea, "/p/street/pay/")
    assert "$0.08" in text
    assert f"/p/street/pay/people/{ana.pk}.csv?first=" in text
    assert "Nobody earned anything" in page(client, lea, "/p/street/pay/?first=2020-01-01&last=2020-01-31")
    page(client, lea, "/p/street/pay/?first=2020-02-01&last=2020-01-01", 400)


def test_the_forecast_is_the_papers_with_ones_own_numbers(client: Client, project: Any, lea: Any) -> None:
    text = page(client, lea, "/p/street/pay/forecast/")
    assert '<dd id="forecast-hours">2,778</dd>' in text
    assert "$20,000.00" in text
    asked = "regions=1000000&seconds=15&overlap=3&people=50&hours_a_day=8&rate=0.02"
    text = page(client, lea, f"/p/street/pay/forecast/?{asked}")
    assert '<dd id="forecast-hours">12,500</dd>' in text
    assert "$60,000.00" in text
    page(client, lea, "/p/street/pay/forecast/?people=0", 400)
    page(client, lea, "/p/street/pay/forecast/?seconds=nan", 400)


def test_a_concept_card_shows_names_and_verified_examples_but_none_of_the_readers_items(
    client: Client, project: Any, ana: Any, edo: Any, lea: Any
) -> None:
    zero = annotated_loop(project, {"cup": 6})
    from annotation.models import Loop

    loop = Loop.objects.create(project=project, number=1, parent=zero, config_digest="1" * 64)
    sample = draw_tag_sample(loop=loop, annotated_loop=zero, seed=1)
    ben = member(project, "ben", "annotator")
    for place, item in enumerate(items_of(sample)):
        if place < 3:
            said(item, ben)
        elif place < 5:
            said(item, ana)
    cup = Concept.objects.get(text="cup")
    Concept.objects.create(text="mug", display="Mug", alias_of=cup)
    address = f"/p/street/concepts/{cup.pk}/card/"
    text = page(client, lea, address)
    assert "Mug" in text
    assert text.count("<image ") == 5
    assert page(client, ana, address).count("<image ") == 3  # what she judged is no example for her
    client.force_login(ana)
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert fragment.count("<image ") == 3
    page(client, lea, "/p/street/concepts/99999999/card/", 404)


def test_no_page_carries_inline_script_or_style(client: Client, project: Any, work: Any, ana: Any, lea: Any) -> None:
    item = work.items.get(position=0).item
    own = reverse("verification:own_item", args=["street", key_of(item, ana)])
    mine = ["/p/street/work/", "/p/street/work/history/", "/p/street/work/feedback/", "/p/street/earnings/", own]
    leads = [f"/p/street/quality/people/{ana.pk}/", "/p/street/quality/", "/p/street/pay/", "/p/street/pay/forecast/"]
    leads += [f"/p/street/items/{item.pk}/history/", "/p/street/quality/agreement/"]
    for person, addresses in ((ana, mine), (lea, leads)):
        for address in addresses:
            text = page(client, person, address)
            assert " style=" not in text, address
            assert "<style" not in text, address


def test_money_is_exact(project: Any, work: Any, ana: Any) -> None:
    from verification.selectors.pay import earned_by, this_month

    (earned,) = earned_by(project_id=project.pk, user_id=ana.pk, period=this_month())
    assert earned.amount == Decimal("0.0800")
