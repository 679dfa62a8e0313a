"""Quality, pay and histories in Chromium: an annotator's way from My work to a changed verdict and an answered
question, a lead's from the board to a pause; and all these pages by axe, filled with data."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import axe
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import contents, disagreement, packed, reviewed, rule_all, said
from tests.verification.services.crowds import people
from verification.models import Comment, Standing, Verdict
from verification.services.comments import add_comment
from verification.services.queue import release_items
from verification.services.reviews import decide_package, rule_item

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def reviewed_work(project: Any, ana: Any, edo: Any) -> Any:
    """Ana judged 34 items; Edo decided about 32 of them and found three wrong. The sample."""
    reviewed(project, size=32, threshold=0.5)
    sample = make_sample(project, items=40, images=2)
    items = items_of(sample)
    for item in items[:32]:
        said(item, ana)
    (package,) = packed(sample, final=False)
    rule_all(package, edo)
    for item in contents(package)[:3]:
        rule_item(
            project_id=project.pk,
            user_id=edo.pk,
            package_id=package.pk,
            item_id=item.pk,
            mark=disagreement(item, note="The region is only the boat."),
        )
    decide_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    for item in items[32:34]:
        judge(item, ana, "milk jug")
        release_items(project_id=project.pk, user_id=ana.pk)
    return sample


def test_from_my_work_to_a_changed_verdict_and_an_answer(
    page_as: Any, project: Any, ana: Any, edo: Any, lea: Any
) -> None:
    sample = reviewed_work(project, ana, edo)
    page = page_as(ana)
    page.goto("/p/street/work/")
    expect(page.locator("#own-accuracy")).to_contain_text("29 of your last 32 items: 90.6")
    expect(page.locator(".feedback li")).to_have_count(3)
    expect(page.locator("#continue")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#work[data-state=task] .tag .name").first).not_to_be_empty()
    page.goto("/p/street/work/")
    page.get_by_role("link", name="My recent work").click()
    expect(page.locator(".own > li")).to_have_count(2)
    page.locator(".own > li").first.get_by_role("link", name="Open").click()
    page.get_by_label("Ask or explain").fill("Is a jug with a lid a jug?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".thread .mine")).to_contain_text("Is a jug with a lid a jug?")
    asked = Comment.objects.get()
    add_comment(
        project_id=project.pk,
        item_id=asked.item_id,
        annotator_id=ana.pk,
        writer_id=lea.pk,
        is_lead=True,
        text="Yes, it is.",
        key=uuid.uuid4(),
    )
    page.goto("/p/street/work/")
    expect(page.locator(".offers")).to_contain_text("1 new answer")
    page.get_by_role("link", name="Read").click()
    page.locator("section[aria-labelledby=answered]").get_by_role("link", name="Open").click()
    with page.expect_response("**/read"):
        page.reload()
    expect(page.locator(".thread")).to_contain_text("Yes, it is.")
    page.goto("/p/street/work/")
    expect(page.locator(".offers")).to_have_count(1)
    expect(page.locator(".offers")).not_to_contain_text("new answer")
    page.get_by_role("link", name="My recent work").click()
    page.locator(".own > li").last.get_by_role("link", name="Open").click()
    page.get_by_role("button", name="Judge it again").click()
    expect(page.locator("#work[data-state=task] .tag .name").first).not_to_be_empty()
    item = items_of(sample)[32]
    assert Verdict.objects.filter(item=item, is_withdrawal=True).count() == 1


def test_from_the_board_to_a_pause_that_the_person_reads(
    page_as: Any, project: Any, ana: Any, edo: Any, lea: Any
) -> None:
    reviewed_work(project, ana, edo)
    lead = page_as(lea)
    lead.goto("/p/street/quality/")
    row = lead.locator(".board tbody tr").first
    expect(row).to_contain_text("90.6")
    expect(row).to_contain_text("n = 32")
    lead.get_by_label("Sort by").select_option("name")
    lead.get_by_role("button", name="Sort").click()
    lead.get_by_role("link", name="ana").click()
    expect(lead.locator("table").first).to_contain_text("milk jug")
    lead.locator("#pause-reason").fill("Look at the guide again, please.")
    lead.get_by_role("button", name="Pause").click()
    expect(lead.locator(".messages")).to_contain_text("They get no more items")
    assert Standing.objects.get(person=ana).paused_at is not None
    worker = page_as(ana)
    worker.goto("/p/street/work/")
    expect(worker.locator(".next")).to_contain_text("Look at the guide again, please.")
    expect(worker.locator("#continue")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_the_pages_are_accessible_and_never_scroll_sideways(
    page_as: Any, project: Any, ana: Any, edo: Any, lea: Any, scheme: str, width: int
) -> None:
    sample = reviewed_work(project, ana, edo)
    people(project, 2)
    item = items_of(sample)[0]
    add_comment(
        project_id=project.pk,
        item_id=item.pk,
        annotator_id=ana.pk,
        writer_id=ana.pk,
        is_lead=False,
        text="What is this? " * 20,
        key=uuid.uuid4(),
    )
    key = Verdict.objects.get(item=item).key
    concept = item.shown["tags"][0]["concept_id"]
    own = ["work/", "work/history/", f"work/history/{key}/", "work/feedback/", "earnings/", f"concepts/{concept}/card/"]
    leads = ["quality/", "quality/agreement/", f"quality/people/{ana.pk}/", "pay/", "pay/forecast/"]
    leads.append(f"items/{item.pk}/history/")
    for person, addresses in ((ana, own), (lea, leads)):
        page = page_as(person, viewport={"width": width, "height": 900}, color_scheme=scheme)
        for address in addresses:
            page.goto(f"/p/street/{address}")
            assert axe(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
