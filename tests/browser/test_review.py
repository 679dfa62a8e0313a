"""An expert reviews a package in Chromium, by keyboard; the lead settles one; pages are accessible in every state."""

import json
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import axe
from tests.verification.packages import contents, judged_sample, member, packed, review, reviewed, rule_all
from verification.models import PackageState, ReviewPackage, Ruling, Wording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK = "/p/street/review/"


def all_saved(page: Page) -> None:
    expect(page.locator("#saved[data-kind=ok]")).to_be_visible()


def ready(page: Page) -> Page:
    expect(page.locator("body[data-ready]")).to_be_attached()
    return page


def test_a_package_is_taken_judged_by_keyboard_and_closed(page_as: Any, project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=20), ana, items=20, wrong_every=3))
    page = page_as(edo)
    page.goto(DESK)
    page.get_by_role("button", name="Take the next package").click()
    ready(page)
    expect(page.locator("#now")).to_have_text("Item 1")
    expect(page.locator(".rc").first.locator("image[href]")).to_be_attached()
    for _item in range(3):
        page.keyboard.press("a")
    expect(page.locator("#now")).to_have_text("Item 4")
    all_saved(page)
    page.reload()  # what was marked is there again, and the next item to be judged is the current one
    ready(page)
    expect(page.locator("#now")).to_have_text("Item 4")
    assert Ruling.objects.filter(agrees=True).count() == 3
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    # Disagree: a wrong tag was left as right; the first such tag is in focus.
    left = contents(package)[3]
    page.keyboard.press("d")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    page.locator("#note").fill("It is a jug.")
    page.keyboard.press("Enter")
    expect(page.locator("#now")).to_have_text("Item 5")
    all_saved(page)
    ruling = Ruling.objects.get(agrees=False)
    assert (ruling.package_item_id, ruling.reason) == (left.pk, "wrong_left")
    assert len(set(ruling.rejected_ids) ^ set(left.rejected_ids)) == 1
    assert Wording.objects.get().text == "It is a jug."
    expect(page.locator(".rc[data-state=disagree] .why")).to_have_text("It is a jug.")
    # Undo the next one, and judge it again.
    page.keyboard.press("a")
    page.keyboard.press("z")
    expect(page.locator("#now")).to_have_text("Item 5")
    all_saved(page)
    assert Ruling.objects.count() == 4
    # In the enlarged photo the same keys work.
    page.keyboard.press("e")
    expect(page.locator("#large")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("#large-title")).to_have_text("Item 6")
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    expect(page.locator("#large")).to_be_hidden()
    expect(page.locator("#close-button")).to_have_attribute("aria-disabled", "true")
    for _item in range(15):
        page.keyboard.press("a")
    expect(page.locator("#share")).to_have_text("95.0 %")
    expect(page.locator("#interval")).to_contain_text("76.4 to 99.1")
    expect(page.locator("#close-button")).to_have_attribute("aria-disabled", "false")
    page.locator("#close-button").click()
    expect(page.locator(".messages")).to_contain_text("19 of 20 items are right. It is accepted")
    package.refresh_from_db()
    assert package.state == PackageState.ACCEPTED
    page.get_by_role("link", name=str(package.pk), exact=True).click()
    expect(page.locator(".rc[data-state=agree]")).to_have_count(19)
    expect(page.locator("#agree")).to_have_count(0)


def test_marks_wait_in_the_browser_while_the_server_is_away(page_as: Any, project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=4), ana, items=4))
    page = page_as(edo)
    page.goto(DESK)
    page.get_by_role("button", name="Take package").click()
    ready(page)
    page.context.set_offline(True)
    for _item in range(4):
        page.keyboard.press("a")
    expect(page.locator("#notice-words")).to_contain_text("You are offline")
    expect(page.locator("#saved-words")).to_contain_text("4 marks are not saved yet")
    expect(page.locator("#close-button")).to_have_attribute("aria-disabled", "true")
    assert not Ruling.objects.exists()
    page.context.set_offline(False)
    page.locator("#try-now").click()
    all_saved(page)
    expect(page.locator("#notice")).to_be_hidden()
    assert Ruling.objects.filter(package_item__package=package, agrees=True).count() == 4
    # Somebody else took it over meanwhile: said once, and nothing more is sent.
    ReviewPackage.objects.filter(pk=package.pk).update(expert=member(project, "ina", "expert"))
    sent: list[Any] = []

    def note(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}"))
        route.continue_()

    page.route("**/mark", note)
    page.keyboard.press("a")
    expect(page.locator("#notice-words")).to_contain_text("not in your hands any more")
    page.keyboard.press("a")
    assert len(sent) == 1


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_pages_are_accessible_and_never_scroll_sideways(
    page_as: Any, project: Any, ana: Any, edo: Any, lea: Any, scheme: str, width: int
) -> None:
    sample = judged_sample(reviewed(project, size=6), ana, items=24, wrong_every=2)
    closed, held, failed, _waiting = packed(sample)
    review(closed, edo)
    review(failed, edo, wrong=6)
    rule_all(held, edo, wrong=2)
    page = page_as(edo, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for address in (DESK, f"{DESK}{held.pk}/", f"{DESK}{failed.pk}/"):
        page.goto(address)
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    page.goto(f"{DESK}{held.pk}/")
    ready(page).keyboard.press("d")
    page.locator("summary", has_text="What this check can tell").click()
    page.locator("summary", has_text="As a table").click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.locator("#now").focus()
    page.keyboard.press("e")
    assert axe(page) == []
    lead = page_as(lea, viewport={"width": width, "height": 900}, color_scheme=scheme)
    lead.goto("/p/street/packages/")
    lead.locator("summary", has_text="Accept it as it is").click()
    assert axe(lead) == []
    assert lead.evaluate("document.documentElement.scrollWidth <= innerWidth")
    lead.locator("textarea[name=note]").first.fill("The expert is sure.")
    lead.get_by_role("button", name="Accept the package").click()
    expect(lead.locator(".messages")).to_contain_text("is accepted")
    lead.goto(f"/p/street/packages/{failed.pk}/")
    assert axe(lead) == []


def test_a_page_asked_for_before_the_server_had_a_mark_shows_it(page_as: Any, project: Any, ana: Any, edo: Any) -> None:
    """The answer to a mark arrives while the page is already being loaded again, from what the server knew before."""
    (package,) = packed(judged_sample(reviewed(project, size=20), ana, items=20))
    rule_all(package, edo)
    Ruling.objects.all().delete()
    page = page_as(edo)
    page.on("dialog", lambda dialog: dialog.accept())
    held: list[Route] = []
    page.route("**/mark", lambda route: held.append(route))
    page.goto(f"{DESK}{package.pk}/")
    ready(page)

    def loaded_again(route: Route) -> None:
        old_page = route.fetch()
        held[0].continue_()
        while not Ruling.objects.exists():
            time.sleep(0.02)
        time.sleep(0.3)  # the answer reaches the page that goes
        route.fulfill(response=old_page)

    page.keyboard.press("a")
    expect(page.locator("#saved[data-kind=busy]")).to_be_visible()
    assert len(held) == 1
    page.route(f"**{DESK}{package.pk}/", loaded_again)
    page.reload()
    ready(page)
    expect(page.locator(".rc").first).to_have_attribute("data-state", "agree")
    expect(page.locator("#now")).to_have_text("Item 2")
    kept = page.evaluate("(key) => JSON.parse(localStorage.getItem(key))", f"argus-review-{edo.pk}-{package.pk}")
    ((_item, mark, saved_at),) = kept
    assert mark["agrees"]
    assert saved_at > 0
