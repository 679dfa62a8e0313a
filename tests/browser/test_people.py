"""A lead invites somebody, gives them work and a token is made; in the browser, with axe on every page on the way."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import serious
from tests.browser.conftest import PageAs
from tests.factories import make_sample
from verification.models import Assignment, Webhook
from webapp.accounts.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """A busy machine is no fault of a page."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def check(page: Page) -> None:
    """No serious finding of axe, and no sideways scroll."""
    assert serious(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def test_an_invited_person_joins_gets_their_share_and_makes_a_token(
    project: Any, lea: Any, ana: Any, page_as: PageAs
) -> None:
    make_sample(project, items=12)
    lead = page_as(lea)
    lead.set_default_timeout(60_000)
    lead.goto("/p/street/people/teams/")
    lead.get_by_label("Name", exact=True).fill("Night shift")
    lead.get_by_role("button", name="Make a team").click()
    lead.get_by_role("heading", name="Night shift").wait_for()
    check(lead)
    lead.goto("/p/street/people/invitations/")
    lead.get_by_label("Email address").fill("nia@example.org")
    lead.get_by_label("Annotator").check()
    lead.get_by_label("Team").select_option(label="Night shift")
    lead.get_by_role("button", name="Make a link").click()
    link = lead.locator(".secret dd").first.inner_text()
    check(lead)

    nia = page_as(None, viewport={"width": 390, "height": 844})
    nia.set_default_timeout(60_000)
    nia.goto(link)
    check(nia)
    nia.get_by_label("Name", exact=True).fill("Nia N.")
    nia.get_by_label("Username").fill("nia")
    nia.get_by_label("Password").fill("a long enough phrase")
    nia.get_by_role("button", name="Open an account and join").click()
    nia.wait_for_url("**/p/street/work/")

    lead.goto("/p/street/items/")
    check(lead)
    lead.get_by_label("Next open items").fill("5")
    lead.get_by_role("group", name="Teams").get_by_label("Night shift").check()
    lead.locator("form[action$=share]").get_by_role("button", name="Give to people").click()
    expect(lead.get_by_role("status").last).to_contain_text("Done for 5 items")
    assert Assignment.objects.filter(held_for=User.objects.get(username="nia")).count() == 5
    lead.get_by_role("link", name="Back to the items").click()
    lead.locator("input[name=item]").first.check()
    lead.get_by_role("button", name="Remove").click()
    expect(lead.get_by_text("1 item will be changed")).to_be_visible()
    check(lead)
    lead.get_by_role("button", name="Remove").click()
    lead.get_by_role("button", name="Undo").click()
    expect(lead.get_by_role("heading", name="Bring back")).to_be_visible()

    nia.goto("/accounts/tokens/")
    nia.get_by_label("Name", exact=True).fill("my script")
    nia.get_by_label("Read", exact=False).check()
    nia.get_by_role("button", name="Make a token").click()
    expect(nia.locator(".secret dd")).to_contain_text("argus_")
    check(nia)


def test_a_list_and_a_webhook_by_keyboard_in_the_dark(project: Any, lea: Any, otto: Any, page_as: PageAs) -> None:
    page = page_as(lea, color_scheme="dark")
    page.set_default_timeout(60_000)
    page.goto("/p/street/people/list/")
    check(page)
    page.get_by_label("List").fill("email,roles\notto@example.org,expert\n=bad,annotator\nnew@example.org,annotator")
    page.get_by_role("button", name="Look at the list").press("Enter")
    expect(page.get_by_text("2 people will be added.")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Add them", exact=True).press("Enter")
    expect(page.get_by_text("/join/")).to_be_visible()
    check(page)
    page.goto("/p/street/webhooks/")
    page.get_by_label("Address").fill("https://hooks.example.org/argus")
    page.get_by_label("An export is finished").check()
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.locator(".secret dd").last).to_contain_text("whsec_")
    check(page)
    webhook = Webhook.objects.get()
    page.goto(f"/p/street/webhooks/{webhook.pk}/")
    page.get_by_role("button", name="Send a test").press("Enter")
    expect(page.get_by_role("cell", name="test", exact=True)).to_be_visible()
    check(page)
