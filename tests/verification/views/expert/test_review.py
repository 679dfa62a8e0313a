"""An expert's pages: what they show, what they refuse, and in how many queries."""

import uuid
from typing import Any

import orjson
import pytest
from django.test import Client

from tests.annotation.scenes import make_scene
from tests.verification.packages import contents, judged_sample, member, packed, review, reviewed, rule_all
from verification.models import PackageState, ReviewPackage, Ruling
from verification.services.audit_draws import draw_audit
from verification.services.comments import add_comment
from verification.services.reviews import decide_package

pytestmark = pytest.mark.django_db

DESK = "/p/street/review/"
JSON = {"accept": "application/json"}


def _as(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _mark(client: Client, package: ReviewPackage, **sent: Any) -> Any:
    return client.post(f"{DESK}{package.pk}/mark", orjson.dumps(sent), content_type="application/json", headers=JSON)


def test_the_desk_shows_what_waits_what_is_held_and_what_was_closed(project: Any, ana: Any, edo: Any) -> None:
    client = _as(edo)
    assert "No package waits for you" in client.get(DESK).content.decode()
    one, two, three, _four = packed(judged_sample(reviewed(project, size=5, second_looks=0.0), ana, items=20))
    rule_all(one, edo)
    review(two, edo)
    review(three, edo, wrong=3)
    page = client.get(DESK).content.decode()
    for words in ("In your hands", "5 of 5 judged", "5 of 5", "Accepted", "2 of 5", "Judged again", "Take the next"):
        assert words in page
    assert "ana" not in page.replace("annotator", "").replace("Navigation", "")


def test_taking_leads_to_the_package_and_taking_nothing_says_so(project: Any, ana: Any, edo: Any) -> None:
    client = _as(edo)
    assert client.post(f"{DESK}take").status_code == 409
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    answer = client.post(f"{DESK}take", {"package": package.pk})
    assert (answer.status_code, answer["Location"]) == (302, f"{DESK}{package.pk}/")
    assert client.post(f"{DESK}take", {"package": "x"}).status_code == 400
    assert client.get(f"{DESK}?after=x").status_code == 400


def test_only_who_holds_or_closed_a_package_sees_it(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    assert _as(edo).get(f"{DESK}{package.pk}/").status_code == 404
    review(package, edo)
    assert _as(edo).get(f"{DESK}{package.pk}/").status_code == 200
    assert _as(member(project, "ina", "expert")).get(f"{DESK}{package.pk}/").status_code == 404
    for person in (ana, lea):
        assert _as(person).get(f"{DESK}{package.pk}/").status_code == 403


def test_a_package_leads_to_histories_and_comments_once_it_is_closed(project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    rule_all(package, edo)
    item = contents(package)[0].item_id
    who = {"project_id": project.pk, "item_id": item, "annotator_id": ana.pk}
    add_comment(**who, writer_id=ana.pk, is_lead=False, text="Is half a jug a jug?", key=uuid.uuid4())
    client, link = _as(edo), f"/p/street/items/{item}/history/"
    while_open = client.get(f"{DESK}{package.pk}/").content.decode()
    assert link not in while_open
    assert "1 comment" not in while_open
    decide_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    assert f'href="{link}"' in (closed := client.get(f"{DESK}{package.pk}/").content.decode())
    assert closed.count("1 comment") == 1
    assert "Is half a jug a jug?" in client.get(link).content.decode()


def test_the_desk_leads_to_an_audit_that_waits(project: Any, edo: Any) -> None:
    loop = make_scene(project, photos=1, regions=3)
    client = _as(edo)
    assert "Judge the audit" not in client.get(DESK).content.decode()
    draw_audit(loop=loop, size=3, seed=1, overlap_share=0)
    page = client.get(DESK).content.decode()
    assert "3 items of an audit wait to be judged." in page
    assert 'href="/p/street/audit/"' in page


def test_the_page_shows_marks_but_neither_names_nor_scores(project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5, wrong_every=1))
    rule_all(package, edo, wrong=1)
    page = _as(edo).get(f"{DESK}{package.pk}/").content.decode()
    for item in contents(package):
        assert f'id="card-{item.pk}"' in page
    assert "marked wrong:" in page
    for hidden in ("score", "role_mask", "ana@", ">ana<", "inclusion", "is_gold", "attempt"):
        assert hidden not in page


def test_the_number_of_queries_does_not_grow_with_the_package(
    project: Any, ana: Any, edo: Any, django_assert_max_num_queries: Any
) -> None:
    small, large = packed(judged_sample(reviewed(project, size=40), ana, items=44))
    client = _as(edo)
    for package in (small, large):
        rule_all(package, edo, wrong=2)
        client.get(f"{DESK}{package.pk}/")
        with django_assert_max_num_queries(8):
            client.get(f"{DESK}{package.pk}/")
    with django_assert_max_num_queries(10):
        client.get(DESK)


def test_a_mark_is_one_request_and_can_be_repeated_and_taken_back(project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    client = _as(edo)
    client.post(f"{DESK}take", {"package": package.pk})
    item = contents(package)[0]
    tag = item.item.shown["tags"][1]["concept_id"]
    for _twice in range(2):
        answer = _mark(client, package, item=item.pk, agrees=False, reason="wrong_left", rejected=[tag], note="<b>no")
        assert (answer.status_code, answer.json()) == (200, {"item": item.pk, "state": "disagree"})
    assert Ruling.objects.get().rejected_ids == [tag]
    assert (
        "&lt;b&gt;no" in client.get(f"{DESK}{package.pk}/").content.decode()
        or "\\u003Cb\\u003Eno" in client.get(f"{DESK}{package.pk}/").content.decode()
    )
    answer = client.post(
        f"{DESK}{package.pk}/unmark", orjson.dumps({"item": item.pk}), content_type="application/json", headers=JSON
    )
    assert answer.json() == {"item": item.pk, "state": ""}
    assert not Ruling.objects.exists()


def test_unknown_fields_and_other_peoples_packages_are_refused(project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    client, item = _as(edo), contents(package)[0]
    assert _mark(client, package, item=item.pk, agrees=True).status_code == 409
    client.post(f"{DESK}take", {"package": package.pk})
    assert _mark(client, package, item=item.pk, agrees=True, expert=ana.pk).status_code == 400
    assert _mark(client, package, item=item.pk, agrees=False).status_code == 400
    assert _mark(client, package, item=2**40, agrees=True).status_code == 404
    assert _mark(_as(member(project, "ina", "expert")), package, item=item.pk, agrees=True).status_code == 409


def test_closing_says_what_becomes_of_it(project: Any, ana: Any, edo: Any) -> None:
    one, two = packed(judged_sample(reviewed(project, size=5), ana, items=10))
    client = _as(edo)
    rule_all(one, edo)
    assert "It is accepted" in client.post(f"{DESK}{one.pk}/close", follow=True).content.decode()
    rule_all(two, edo, wrong=1)
    assert "somebody else judges" in client.post(f"{DESK}{two.pk}/close", follow=True).content.decode()


def test_giving_back_lets_others_take_it(project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    rule_all(package, edo)
    assert "waits for another expert" in _as(edo).post(f"{DESK}{package.pk}/give-back", follow=True).content.decode()
    package.refresh_from_db()
    assert package.state == PackageState.READY
    assert not Ruling.objects.exists()


def test_questions_are_reviewed_by_choice_and_in_words(project: Any, ana: Any, edo: Any) -> None:
    from tests.factories import make_sample
    from tests.verification.judgements import items_of
    from tests.verification.packages import said
    from verification.models import SampleItem, TaskKind

    sample = make_sample(reviewed(project, size=3), items=3)
    type(sample).objects.filter(pk=sample.pk).update(task_kind=TaskKind.QA)
    shown = {"tag": {"concept_id": 1, "text": "cup"}, "question": "What is it?", "answer": "A cup.", "others": []}
    SampleItem.objects.filter(sample=sample).update(shown=shown)
    for item in items_of(sample):
        said(item, ana, choice="correct")
    sample.refresh_from_db()
    (package,) = packed(sample)
    client = _as(edo)
    client.post(f"{DESK}take")
    page = client.get(f"{DESK}{package.pk}/").content.decode()
    for words in ("What is it?", "A cup.", "The answer is correct", "The question cannot be answered"):
        assert words in page
    item = contents(package)[0]
    wrong = {"item": item.pk, "agrees": False, "reason": "wrong_choice", "choice": "wrong_answer"}
    assert _mark(client, package, **wrong).status_code == 400
    assert _mark(client, package, **wrong, correction="A jug.").status_code == 200
    assert "A jug." in client.get(f"{DESK}{package.pk}/").content.decode()
