"""The audit page in Chromium: an expert judges tags and pairs by keyboard, undoes, and sees nothing that sways."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Region, RegionAnnotation
from tests.annotation.scenes import ask, make_scene
from tests.browser.axe import axe
from tests.verification.audits import judge_audit
from tests.verification.services.annotated import annotated_loop
from verification.models import AuditKind, AuditSlot
from verification.services.audit_draws import draw_audit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def saved(page: Page) -> None:
    expect(page.locator("#saved[data-kind=ok]")).to_be_visible()


def names(page: Page) -> list[str]:
    return page.locator("#tags .name").all_inner_texts()


def test_an_expert_judges_an_audit_by_keyboard_from_the_first_item_to_the_last(
    page_as: Any, project: Any, edo: Any
) -> None:
    loop = make_scene(project, photos=2, regions=2)
    region = Region.objects.get(pk=RegionAnnotation.objects.filter(loop_id=loop.pk).values_list("region_id")[:1])
    ask(loop, region, "milk jug", "What is it made of?", "It is made of clay.")
    draw_audit(loop=loop, size=4, seed=1, overlap_share=0)
    draw_audit(loop=loop, task_kind=AuditKind.QA, seed=1, overlap_share=0)
    page = page_as(edo)
    page.goto("/p/street/")
    page.get_by_role("navigation").get_by_role("link", name="Audit").click()
    expect(page.locator("#work[data-state=task] #question")).to_have_text("Mark the tags that are right")
    expect(page.locator("#submit-words")).to_have_text("Submit: 0 right, 5 wrong")
    assert axe(page) == []

    first = names(page)
    page.keyboard.press("2")
    page.keyboard.press("4")
    page.keyboard.press("4")
    expect(page.locator("#submit-words")).to_have_text("Submit: 1 right, 4 wrong")
    page.keyboard.press("Enter")
    saved(page)
    slot = AuditSlot.objects.get(state="done")
    tags = {tag["concept_id"]: tag["text"] for tag in slot.item.shown["tags"]}
    assert [tags[right] for right in slot.right_ids] == [first[1]]
    assert slot.expert == edo
    assert slot.seconds > 0

    page.keyboard.press("z")  # the same item again, with its marks
    expect(page.locator("#submit-words")).to_have_text("Submit: 1 right, 4 wrong")
    assert names(page) == first
    saved(page)
    assert not AuditSlot.objects.filter(state="done").exists()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("Judged by you: 1.")
    page.keyboard.press("s")
    expect(page.locator("#told")).to_contain_text("Judged by you: 2.")
    for done in (3, 4):
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        expect(page.locator("#told")).to_contain_text(f"Judged by you: {done}.")

    expect(page.locator("#question")).to_have_text("Is the answer correct?")
    expect(page.locator("#answered")).to_have_text("It is made of clay.")
    page.keyboard.press("Enter")  # without an answer nothing is sent
    expect(page.locator("#submit-words")).to_have_text("Choose an answer first")
    assert axe(page) == []
    page.keyboard.press("2")
    expect(page.locator("#submit-words")).to_have_text("Submit: not correct")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing to judge right now")).to_be_visible()
    saved(page)
    choices = list(AuditSlot.objects.order_by("audit_id", "decided_at").values_list("choice", flat=True))
    assert choices == ["judged", "unclear", "judged", "judged", "incorrect"]
    assert axe(page) == []


def test_a_judgement_made_without_a_network_is_sent_when_it_is_back(page_as: Any, project: Any, edo: Any) -> None:
    draw_audit(loop=make_scene(project, photos=1, regions=3), seed=2, overlap_share=0)
    page = page_as(edo, viewport={"width": 390, "height": 844})
    page.goto("/p/street/audit/")
    expect(page.locator("#work[data-state=task] .tag .name").first).not_to_be_empty()
    expect(page.locator("#submit")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.wait_for_selector("#photo image[href]", state="attached")
    page.context.set_offline(True)
    page.locator("#tags label").first.click()
    page.locator("#submit").click()
    expect(page.locator("#saved[data-kind=failing]")).to_be_attached()
    expect(page.locator("#submit-words")).to_have_text("Submit: 0 right, 5 wrong")  # the next item is there
    assert not AuditSlot.objects.filter(state="done").exists()
    page.context.set_offline(False)
    expect(page.locator("#saved[data-kind=ok]")).to_be_attached()
    slot = AuditSlot.objects.get(state="done")
    assert len(slot.right_ids) == 1


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_a_lead_sees_what_a_sample_would_take_and_how_accurate_the_loop_is(
    page_as: Any, project: Any, lea: Any, edo: Any, scheme: str, width: int
) -> None:
    loop = annotated_loop(project, {"cup": 120, "jug": 40, "a very long name of a thing that is rare": 2})
    audit = draw_audit(loop=loop, size=100, seed=1)
    judge_audit(audit, edo, right="place = 1 AND mod(item.position, 4) > 0")
    page = page_as(lea, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/p/street/loops/")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("people judged them or experts audit them: 100 regions")
    items = preview.locator("header").inner_text()
    page.get_by_label("Concepts at most").fill("1")
    expect(preview.locator("tbody tr")).to_have_count(1)
    expect(preview).to_contain_text("items of 1 concept")
    assert preview.locator("header").inner_text() != items
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto("/p/street/loops/0/accuracy/")
    expect(page.locator(".heat").first).to_contain_text("spotter")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="on 10 to 99").click()
    expect(page.locator(".bands [aria-current]")).to_have_text("on 10 to 99")
    page.emulate_media(media="print")
    expect(page.locator(".draw-audit")).to_be_hidden()
    expect(page.locator("svg.chart-w")).to_be_visible()
