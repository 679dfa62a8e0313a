"""The frame of all pages, signing in, people and rights, as people meet them in a browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import PageAs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
PAGES = [
    "/",
    "/p/new",
    "/p/street/",
    "/p/street/people/",
    "/p/street/settings/",
    "/accounts/profile/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/logout/",
    "/there/is/nothing",
]
SIGNED_OUT = ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/signup/"]
VIEWS = [
    {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
    {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}, "has_touch": True},
]
IDS = ["light", "dark", "phone"]


def open_all_menus(page: Page) -> None:
    page.evaluate(
        "document.querySelectorAll('details').forEach((menu) => { menu.removeAttribute('name'); menu.open = true; })"
    )


@pytest.mark.parametrize("view", VIEWS, ids=IDS)
def test_every_page_is_accessible_and_fits_its_window(
    project: Any, lea: Any, ana: Any, page_as: PageAs, view: dict[str, Any]
) -> None:
    found: list[str] = []
    for person, pages in ((lea, PAGES), (None, SIGNED_OUT)):
        page = page_as(person, **view)
        for address in pages:
            page.goto(address)
            found += axe(page)
            sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if sideways > 0:
                found.append(f"{address} scrolls sideways by {sideways} px")
    assert found == []


def test_menus_are_accessible_when_they_are_open(project: Any, lea: Any, page_as: PageAs) -> None:
    for view in VIEWS:
        page = page_as(lea, **view)
        page.goto("/p/street/people/")
        open_all_menus(page)
        assert axe(page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1081, 1241, 1440, 2560])
def test_the_bar_fits_every_width(project: Any, lea: Any, page_as: PageAs, width: int) -> None:
    project.name = "A project whose name is rather long, as names of projects are"
    project.save()
    page = page_as(lea, viewport={"width": width, "height": 800})
    for address in ("/p/street/", "/p/street/people/", "/p/street/settings/", "/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.goto("/p/street/settings/")
    menu = page.locator(".menu")
    assert menu.is_visible() is (width <= 1240)
    assert page.locator(".bar > nav").is_visible() is (width > 1240)


def test_a_lead_makes_a_project_and_adds_somebody_who_then_signs_in(project: Any, lea: Any, page_as: PageAs) -> None:
    page = page_as()
    page.goto("/p/new")
    page.get_by_label("Username or email address").fill("lea")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Harbour cameras")
    page.get_by_role("button", name="Create the project").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour cameras")
    page.get_by_role("navigation").get_by_role("link", name="People").click()
    page.get_by_label("Username or email address").fill("nia@example.org")
    page.get_by_role("group", name="Roles", exact=True).get_by_label("Annotator").check()
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator(".secret dd").last.inner_text()

    newcomer = page_as()
    newcomer.goto("/")
    newcomer.get_by_label("Username or email address").fill("nia")
    newcomer.get_by_label("Password").fill(password)
    newcomer.get_by_role("button", name="Sign in").click()
    expect(newcomer.get_by_role("heading", level=1)).to_have_text("Change password")
    newcomer.get_by_label("Present password").fill(password)
    newcomer.get_by_label("New password", exact=True).fill("a new long sentence")
    newcomer.get_by_label("New password again").fill("a new long sentence")
    newcomer.get_by_role("button", name="Change password").click()
    newcomer.goto("/")
    expect(newcomer.get_by_role("link", name="Harbour cameras")).to_be_visible()


def test_people_and_menus_work_without_script(project: Any, lea: Any, ana: Any, page_as: PageAs) -> None:
    page = page_as(lea, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto("/p/street/")
    page.locator(".menu > summary").click()
    page.locator(".menu").get_by_role("link", name="People").click()
    row = page.locator(".people > li").filter(has_text="ana@example.org")
    row.locator("summary").click()
    row.get_by_label("Expert").check()
    row.get_by_role("button", name="Save roles").click()
    expect(page.get_by_role("status")).to_contain_text("The roles of ana are saved.")
    page.locator(".who > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/$"))


def test_menus_work_by_keyboard(project: Any, lea: Any, page_as: PageAs) -> None:
    page = page_as(lea)
    page.goto("/p/street/people/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    who = page.locator(".who")
    who.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(who.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(who.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(who.locator("summary")).to_be_focused()


def test_the_theme_is_chosen_in_the_menu_and_stays(project: Any, lea: Any, page_as: PageAs) -> None:
    page = page_as(lea, color_scheme="light")
    page.goto("/p/street/settings/")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(ground) == "rgb(246, 246, 245)"
    page.locator(".who > summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/p/street/settings/")
    assert page.evaluate(ground) == "rgb(18, 19, 20)"
    page.goto("/")
    assert page.evaluate(ground) == "rgb(18, 19, 20)"


def test_without_a_choice_the_device_decides(page_as: PageAs, db: None) -> None:
    page = page_as(None, color_scheme="dark")
    page.goto("/accounts/login/")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(18, 19, 20)"


def test_two_factor_is_set_up_under_the_strict_policy(project: Any, lea: Any, page_as: PageAs) -> None:
    from tests.webapp.test_signing_in import code_of

    page = page_as(lea)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Turn on").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    picture = page.locator("img.qr")
    assert picture.evaluate("image => image.naturalWidth") > 0
    assert axe(page) == []
    page.get_by_label("Code that the app shows").fill(code_of(page.locator(".mono").inner_text()))
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert axe(page) == []
    page.goto("/accounts/2fa/")
    assert axe(page) == []


def test_the_administration_runs_under_the_strict_policy(admin: Any, ana: Any, page_as: PageAs) -> None:
    page = page_as(admin)
    for address in (
        "/admin/",
        "/admin/accounts/user/",
        f"/admin/accounts/user/{ana.pk}/change/",
        "/admin/projects/project/",
    ):
        page.goto(address)
        expect(page.locator("#site-name")).to_have_text("Argus")
