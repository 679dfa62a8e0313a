"""Explore in Chromium: keys, clicks on the photo, fragments, history, broken photos, themes."""

from typing import Any

import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import Page, expect

from annotation.models import Image
from tests.annotation.scenes import annotate, ask, make_annotated_loop, make_regions, make_scene
from tests.browser.axe import axe
from tests.factories import make_image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXPLORE = "/p/street/explore/"


def current(page: Page) -> str:
    return page.locator(".regs a[aria-current]").inner_text()


@pytest.fixture
def page(page_as: Any, project: Any, cleo: Any) -> Page:
    make_scene(project, photos=3, regions=4)
    opened: Page = page_as(cleo)
    opened.goto(EXPLORE)
    return opened


def test_arrows_go_through_the_regions_and_say_which(page: Page) -> None:
    names = page.locator(".regs a bdi").all_inner_texts()
    assert current(page) == names[0]
    page.keyboard.press("ArrowRight")
    expect(page.locator(".regs a[aria-current]")).to_have_text(names[1])
    expect(page.locator(".side h2")).to_have_text(names[1])
    expect(page.locator("#said")).to_have_text(f"Region 2 of 4: {names[1]}")
    expect(page.locator(".regs a[aria-current]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".side h2")).to_have_text(names[2])
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".side h2")).to_have_text(names[1])


def test_brackets_go_through_the_photos(page: Page) -> None:
    page.keyboard.press("]")
    expect(page.locator(".stage > svg")).to_have_attribute("aria-label", "Photo photo 2.webp with 4 regions")
    expect(page.locator(".thumbs a[aria-current]")).to_contain_text("photo 2.webp")
    page.keyboard.press("[")
    expect(page.locator(".stage > svg")).to_have_attribute("aria-label", "Photo photo 1.webp with 4 regions")
    assert page.locator(".thumbs li").count() == 3


def test_keys_leave_people_who_type_alone(page: Page) -> None:
    before = current(page)
    page.locator("input[name=concept]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("]v")
    assert page.locator("input[name=concept]").input_value() == "]v"
    assert current(page) == before


def test_the_account_switch_turns_the_keys_off(page_as: Any, project: Any, cleo: Any) -> None:
    type(cleo).objects.update(single_key_shortcuts=False)
    make_scene(project, regions=3)
    page = page_as(cleo)
    page.goto(EXPLORE)
    before = current(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert current(page) == before


def test_a_click_on_the_photo_selects_the_region_there(page: Page) -> None:
    chip = page.locator(".regs a[data-region]").last
    region = chip.get_attribute("data-region")
    page.locator(f'[data-hit="{region}"]').click(position={"x": 3, "y": 3})
    expect(page.locator(f'.regs a[data-region="{region}"]')).to_have_attribute("aria-current", "true")


def test_going_back_shows_what_was_there_before(page: Page) -> None:
    first = current(page)
    page.locator(".regs a[data-region]").nth(2).click()
    expect(page.locator(".regs a[data-region]").nth(2)).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator(".regs a[aria-current]")).to_have_text(first)
    expect(page.locator(".thumbs")).to_be_visible()


def test_a_reload_keeps_photo_region_and_list(page: Page) -> None:
    page.keyboard.press("]")
    expect(page.locator(".stage > svg")).to_have_attribute("aria-label", "Photo photo 2.webp with 4 regions")
    page.reload()
    expect(page.locator(".thumbs a[aria-current]")).to_contain_text("photo 2.webp")
    assert page.locator(".thumbs li").count() == 3


def test_holding_v_hides_the_marks(page: Page) -> None:
    page.keyboard.down("v")
    expect(page.locator(".marks")).to_be_hidden()
    page.keyboard.up("v")
    expect(page.locator(".marks .m2")).to_be_visible()


def test_typing_suggests_concepts_and_enter_finds_them(page: Page) -> None:
    page.locator("input[name=concept]").press_sequentially("met", delay=20)
    expect(page.locator("#concepts option")).to_have_attribute("value", "metal cup")
    page.locator("input[name=concept]").fill("metal cup")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("3 regions")
    expect(page.locator(".side h2")).to_have_text("metal cup")
    assert "concept=metal%20cup" in page.url


def test_a_filter_works_at_once(page: Page) -> None:
    page.locator("select[name=size]").select_option("huge")
    expect(page.locator(".nothing")).to_contain_text("No region fits")
    page.locator("select[name=size]").select_option("medium")
    expect(page.locator(".thumbs li")).to_have_count(12)


def test_without_script_everything_is_a_link(page_as: Any, project: Any, cleo: Any) -> None:
    make_scene(project, photos=2, regions=3)
    page = page_as(cleo, java_script_enabled=False)
    page.goto(EXPLORE)
    page.locator(".regs a[data-region]").nth(1).click()
    expect(page.locator(".regs a[data-region]").nth(1)).to_have_attribute("aria-current", "true")
    page.locator(".thumbs a", has_text="photo 2.webp").click()
    expect(page.locator(".thumbs a[aria-current]")).to_contain_text("photo 2.webp")
    page.locator("input[name=concept]").fill("milk jug")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".thumbs li")).to_have_count(2)


def test_a_photo_whose_file_is_gone_says_why(page_as: Any, project: Any, cleo: Any) -> None:
    make_scene(project)
    default_storage.delete(Image.objects.get().display)
    page = page_as(cleo)
    page.goto(EXPLORE)
    expect(page.locator(".broken")).to_be_visible()
    expect(page.locator(".broken")).to_contain_text("missing in the storage")


def test_a_photo_whose_file_is_damaged_says_so(page_as: Any, project: Any, cleo: Any) -> None:
    make_scene(project)
    with default_storage.open(Image.objects.get().display, "wb") as file:
        file.write(b"RIFF broken")
    page = page_as(cleo)
    page.goto(EXPLORE)
    expect(page.locator(".broken")).to_contain_text("is damaged")


def test_hostile_texts_are_shown_as_they_are(page_as: Any, project: Any, cleo: Any) -> None:
    loop = make_annotated_loop(project)
    (region,) = make_regions(make_image(project), [(1, 1, 200, 150)])
    evil = '"><img src=x onerror="document.title=1">'
    annotate(loop, region, [evil, "\u05d0\u05d1 <b>", "x" * 100], caption=evil * 5)
    ask(loop, region, evil, evil, evil)
    page = page_as(cleo, viewport={"width": 390, "height": 844})
    page.goto(EXPLORE)
    assert page.title().startswith("Explore")
    assert page.locator(".side img, .side b b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1440, 2200])
def test_it_is_accessible_and_never_scrolls_sideways(
    page_as: Any, project: Any, cleo: Any, scheme: str, width: int
) -> None:
    zero, one = make_annotated_loop(project, 0), make_annotated_loop(project, 1)
    for region in make_regions(make_image(project), [(5, 5, 300, 200), (400, 300, 412, 311)]):
        annotate(zero, region, ["bowl", "kettle", "cup"])
        annotate(one, region, ["kettle", "bowl", "a thing with a rather long name for a tag"], caption="A kettle.")
        ask(one, region, "kettle", "What is it?", "A kettle.")
    page = page_as(cleo, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(EXPLORE)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
