"""What experts, annotators of questions and leads do with the Python client, against a live server."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from argus_client import ApiError, Audit, NotDrawn, Tag, WaitedTooLong

from tests.factories import make_sample
from tests.verification.packages import judged_sample, member, packed, reviewed
from tests.verification.questions import make_question_sample
from tests.verification.services.annotated import annotated_loop
from verification.models import AuditSlot, ReviewPackage, Ruling, SampleItem, TaskKind, Verdict, Wording
from verification.services.audit_draws import draw_requested_audit

pytestmark = pytest.mark.django_db(transaction=True)


def test_questions_are_checked_and_their_answers_written_by_somebody_else(
    project: Any, ana: Any, as_client: Any
) -> None:
    make_question_sample(make_sample(project, items=3))
    checker = as_client(ana).project("street")
    choices = ["correct", "wrong_answer", "unanswerable"]
    for item, choice in zip(checker.work("questions"), choices, strict=True):
        assert item.tags == []
        assert item.question["answer"].endswith("is red.")
        assert item.choose(choice, seconds=2.0) is False
    assert sorted(Verdict.objects.values_list("choice", flat=True)) == sorted(choices)
    assert list(checker.work("answers")) == [], "who checked a pair does not write its answer"
    writer = as_client(member(project, "ben", "annotator")).project("street")
    written = 0
    for item in writer.work("answers"):
        with pytest.raises(ApiError) as refused:
            item.write("?")
        assert refused.value.code == "bad_answer"
        item.write(f"The {item.question['tag']} in the picture is green.")
        written += 1
    assert written == SampleItem.objects.filter(sample__task_kind=TaskKind.ANSWER).count() == 1
    assert Wording.objects.get().text.endswith("is green.")


def test_an_expert_takes_marks_and_decides_a_package(project: Any, ana: Any, edo: Any, as_client: Any) -> None:
    (first, second) = packed(judged_sample(reviewed(project, size=4, threshold=0.7), ana, items=8, wrong_every=2))
    street = as_client(edo).project("street")
    assert [row["id"] for row in street.packages()["waiting"]] == [first.pk, second.pk]
    package = street.take_package()
    assert (package.id, package.task_kind, len(package.items)) == (first.pk, "tag", 4)
    with pytest.raises(ApiError) as refused:
        package.close()
    assert refused.value.code == "not_ruled"
    item = next(item for item in package.items if item.rejected)
    assert item.image()[8:12] == b"WEBP"
    for each in package.items:
        each.agree()
    with pytest.raises(ApiError) as refused:
        item.disagree("right_rejected", rejected=item.rejected)
    assert refused.value.status == 400
    item.disagree("right_rejected", rejected=[item.tags[1]], note="It is there, behind the cup.")
    assert (outcome := package.close())["state"] == "accepted"
    assert (outcome["right"], outcome["judged"], outcome["repeated"]) == (3, 4, False)
    assert package.close()["repeated"] is True
    ruling = Ruling.objects.get(agrees=False)
    assert (ruling.expert, ruling.rejected_ids) == (edo, [item.tags[1].id])
    assert street.package(first.pk).items[0].facts["ruling"] in ("agree", "disagree")
    street.take_package(second.pk).give_back()
    assert ReviewPackage.objects.get(pk=second.pk).state == "ready"


def test_who_comes_second_is_told_that_the_package_is_taken(project: Any, ana: Any, edo: Any, as_client: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=3), ana, items=3))
    as_client(edo).project("street").take_package(package.pk)
    with pytest.raises(ApiError) as refused:
        as_client(member(project, "ella", "expert")).project("street").take_package(package.pk)
    assert (refused.value.status, refused.value.code) == (409, "package_taken")


def test_an_audit_is_drawn_judged_blind_and_read(project: Any, edo: Any, lea: Any, as_client: Any) -> None:
    annotated_loop(project, {"cup": 8})
    lead, expert = as_client(lea).project("street"), as_client(edo).project("street")
    audit = drawn(lead.loop(0).draw_audit(size=8, overlap_share=0))
    assert (audit.facts["items"], audit.is_open) == (8, True)
    with pytest.raises(NotDrawn, match="verified"):
        drawn(lead.loop(0).draw_audit("verified"))
    for number, item in enumerate(expert.audit_work(ahead=3)):
        if number == 0:
            assert item.image()[8:12] == b"WEBP"
            item.mark([])
            assert item.take_back() is True
        if number == 7:
            item.unclear()
        else:
            item.mark([tag for tag in item.tags if tag.text == "cup"])
    assert AuditSlot.objects.filter(state="done", expert=edo).count() == 8
    (figures,) = lead.loop(0).audits()
    assert (figures.facts["judged"], figures.facts["unclear"]) == (8, 1)
    assert figures.facts["first"]["value"] == 1.0
    assert lead.accuracy()[0]["tags"]["items"] == 7
    refused, listed = lead.audits()
    assert (refused.state, listed.state) == ("refused", "open")
    listed.close()
    assert listed.refresh().state == "closed"


def drawn(audit: Audit) -> Audit:
    """Drawn as a worker does, while the client waits."""
    assert audit.state == "drawing"
    with pytest.raises(WaitedTooLong):
        audit.wait(timeout=0)
    draw_requested_audit(audit.id)
    return audit.wait()


def test_leaving_an_audit_gives_its_items_back(project: Any, edo: Any, lea: Any, as_client: Any) -> None:
    annotated_loop(project, {"cup": 5})
    drawn(as_client(lea).project("street").loop(0).draw_audit(size=5))
    for item in as_client(edo).project("street").audit_work(ahead=4):
        assert isinstance(item.tags[0], Tag)
        break
    assert not AuditSlot.objects.filter(state="leased").exists()


def test_numbers_are_ones_own_or_the_leads(project: Any, ana: Any, lea: Any, as_client: Any) -> None:
    make_sample(project, items=3)
    annotator, lead = as_client(ana).project("street"), as_client(lea).project("street")
    for item in annotator.work():
        item.submit(item.tags[:1], seconds=3.0)
    assert annotator.my_numbers()["items_today"] == 3
    assert Decimal(annotator.my_pay()["earned"][0]["amount"]) == 3 * project.tag_rate
    assert [entry["seconds"] for entry in annotator.my_entries()] == [3.0] * 3
    assert [row["verdicts"] for row in lead.pay()["people"]] == [3]
    assert len(list(lead.entries_of(ana.pk))) == 3
    assert [row["name"] for row in lead.quality()] == ["ana"]
    assert lead.agreement()["annotators"] == []
    for ask in (annotator.quality, annotator.agreement, annotator.accuracy, annotator.pay, annotator.numbers):
        with pytest.raises(ApiError) as refused:
            ask()
        assert (refused.value.status, refused.value.code) == (403, "not_allowed")


def test_a_late_verdict_of_a_paused_person_is_refused_with_words(
    project: Any, ana: Any, lea: Any, as_client: Any
) -> None:
    from verification.services.standing import pause_person

    make_sample(project, items=1)
    for item in as_client(ana).project("street").work():
        pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
        with pytest.raises(ApiError) as refused:
            item.submit()
        assert (refused.value.code, "kept" in refused.value.message) == ("held_back", True)
        item.key = str(uuid.uuid4())
    assert not Verdict.objects.exists()
