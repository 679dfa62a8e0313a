"""The tag task as people use it: by keyboard, mouse, finger; online, offline, signed out."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation.services.meanings import import_meanings
from tests.browser.axe import axe
from tests.browser.conftest import PageAs, sign_in, watched
from tests.browser.tag_tasks import (
    all_saved,
    box_on_screen,
    break_photos,
    expect_outbox,
    go_offline,
    only_the_first_photo,
    open_questions,
    open_task,
    rejected_texts,
)
from tests.factories import make_sample
from tests.verification.questions import make_question_sample
from verification.models import Assignment, LateVerdict, LedgerEntry, Skip, Verdict
from verification.services.queue import lease_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_twelve_items_by_keyboard_alone_with_three_presses_each(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12, images=3)
    page = open_task(page_as(ana))
    page.evaluate("window.presses = 0; addEventListener('keydown', () => window.presses++, true)")
    for done in range(12):
        page.wait_for_timeout(150)  # nobody reads faster; the next photos arrive meanwhile
        expect(page.locator("#done")).to_have_text(str(done))
        expect(page.locator("#submit")).to_have_attribute("aria-disabled", "false")
        for key in ("3", "4", "Enter"):
            page.keyboard.press(key)
    expect(page.locator("#state-empty")).to_be_visible()
    all_saved(page)
    assert page.evaluate("window.presses") == 36
    assert Verdict.objects.count() == 12
    assert {tuple(rejected_texts(verdict)) for verdict in Verdict.objects.select_related("item")} == {
        ("coffee grinder", "saucepan")
    }
    assert LedgerEntry.objects.count() == 12
    painted = page.evaluate("performance.getEntriesByName('argus:next-item').map((entry) => entry.duration)")
    assert len(painted) >= 10
    print("next item painted, ms:", sorted(round(value, 1) for value in painted))


def test_enter_submits_from_any_choice_and_space_marks_it(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    page = open_task(page_as(ana))
    expect(page.locator(".tag input").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#submit-words")).to_have_text("Submit: 4 right, 1 wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_have_text("1")
    expect(page.locator(".tag input").first).to_be_focused()
    expect(page.locator("#status")).to_contain_text("Item 2 of 2. Region ")
    all_saved(page)
    assert rejected_texts(Verdict.objects.get()) == ["metal cup"]


def test_the_mouse_marks_all_and_none_and_submits(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    page = open_task(page_as(ana))
    page.locator("#all").click()
    expect(page.locator("#submit-words")).to_have_text("Submit: 0 right, 5 wrong")
    expect(page.locator("#all-words")).to_have_text("None wrong")
    page.locator("#all").click()
    page.locator(".tag").nth(4).click()
    page.locator("#submit").click()
    expect(page.locator("#before")).to_have_text("Before this: milk jug, 4 right, 1 wrong")
    all_saved(page)
    assert rejected_texts(Verdict.objects.get()) == ["pewter mug"]


def test_a_finger_marks_submits_and_sees_the_inset(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    phone = page_as(ana, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = open_task(phone)
    page.locator(".tag").nth(1).tap()
    expect(page.locator("#inset")).to_be_visible()
    page.locator("#submit").tap()
    expect(page.locator("#done")).to_have_text("1")
    page.locator(".go [data-undo]").tap()
    expect(page.locator("#submit-words")).to_have_text("Submit: 4 right, 1 wrong")
    page.locator("#submit").tap()
    all_saved(page)
    assert Verdict.objects.filter(is_withdrawal=False, superseded_by=None).count() == 1


def test_undo_brings_the_item_back_with_its_marks(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=3)
    page = open_task(page_as(ana))
    first = box_on_screen(page)
    for key in ("2", "5", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#done")).to_have_text("1")
    all_saved(page)
    page.keyboard.press("1")
    page.keyboard.press("z")
    expect(page.locator("#done")).to_have_text("0")
    assert box_on_screen(page) == first
    checked = page.locator(".tag input").evaluate_all("(boxes) => boxes.map((box) => box.checked)")
    assert checked == [False, True, False, False, True]
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    all_saved(page)
    expect(page.locator(".tag input").first).to_be_checked()  # the mark made on the next item before the undo
    standing = Verdict.objects.get(is_withdrawal=False, superseded_by=None)
    assert rejected_texts(standing) == ["pewter mug"]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == Decimal("0.02")


def test_undo_still_works_after_a_reload(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=3)
    page = open_task(page_as(ana))
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    all_saved(page)
    page = open_task(page)
    expect(page.locator("#before")).to_have_text("Before this: milk jug, 4 right, 1 wrong")
    page.keyboard.press("z")
    expect(page.locator("#submit-words")).to_have_text("Submit: 4 right, 1 wrong")
    all_saved(page)
    assert Verdict.objects.filter(is_withdrawal=True).count() == 1


def test_skip_asks_for_a_reason_and_goes_on(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    page = open_task(page_as(ana))
    first = box_on_screen(page)
    page.keyboard.press("s")
    expect(page.locator("#skip-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#skip-dialog")).to_be_hidden()
    page.keyboard.press("s")
    page.keyboard.press("2")
    expect(page.locator("#skip-dialog")).to_be_hidden()
    expect(page.locator("#done")).to_have_text("0")
    assert box_on_screen(page) != first
    all_saved(page)
    assert Skip.objects.get().reason == "unclear_region"


def test_a_reload_keeps_the_item(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=20)
    page = open_task(page_as(ana))
    page.keyboard.press("Enter")
    all_saved(page)
    second = box_on_screen(page)
    page = open_task(page)
    assert box_on_screen(page) == second
    expect(page.locator("#done")).to_have_text("1")
    assert Assignment.objects.filter(state="leased", annotator=ana).count() == 6


def test_offline_work_goes_on_and_is_sent_once(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12)
    page = open_task(page_as(ana))
    expect(page.locator("#work")).to_have_attribute("data-state", "task")
    page.wait_for_timeout(500)  # the photos of the next items arrive
    go_offline(page)
    for _item in range(3):
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.locator("#saved .words")).to_have_text("Offline, 3 not sent yet")
    expect(page.locator("#notice-offline")).to_contain_text("You are offline. You can go on.")
    expect(page.locator("#notice-offline")).to_contain_text("3 verdicts are kept in this browser")
    page.keyboard.press("z")
    expect(page.locator("#saved .words")).to_have_text("Offline, 2 not sent yet")
    expect_outbox(page, 2)
    assert not Verdict.objects.exists()
    page.context.set_offline(False)
    all_saved(page)
    assert Verdict.objects.count() == LedgerEntry.objects.count() == 2
    assert not Verdict.objects.filter(is_withdrawal=True).exists()


def test_with_nothing_ready_offline_waits_and_goes_on_by_itself(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=8, images=8)
    page = page_as(ana)
    only_the_first_photo(page)
    open_task(page)
    go_offline(page)
    page.keyboard.press("Enter")
    expect(page.locator("#state-offline")).to_be_visible()
    expect(page.locator("#saved .words")).to_have_text("Offline, 1 not sent yet")
    page.unroute_all(behavior="ignoreErrors")
    page.context.set_offline(False)
    expect(page.locator("#work")).to_have_attribute("data-state", "task")
    expect(page.locator("#submit")).to_have_attribute("aria-disabled", "false")
    all_saved(page)
    assert Verdict.objects.count() == 1


def test_what_was_not_sent_survives_the_page_and_other_accounts_never_send_it(
    project: Any, ana: Any, page_as: PageAs, edo: Any, live_server: Any
) -> None:
    from webapp.projects.models import Membership

    Membership.objects.create(project=project, user=edo, role="annotator")
    make_sample(project, items=12)
    page = open_task(page_as(ana))
    go_offline(page)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#saved .words")).to_have_text("Offline, 1 not sent yet")
    expect_outbox(page, 1)
    context = page.context
    page.close()
    context.set_offline(False)
    sign_in(context, edo, live_server.url)
    page = open_task(watched(context.new_page()))
    expect_outbox(page, 1)
    assert list(Verdict.objects.values_list("annotator__username")) == []
    sign_in(page.context, ana, live_server.url)
    open_task(page)
    all_saved(page)
    assert Verdict.objects.get().annotator == ana


def test_an_expired_session_is_renewed_in_place_and_nothing_is_lost(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12)
    page = open_task(page_as(ana))
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#state-signed-out")).to_be_visible()
    expect(page.locator("#saved .words")).to_have_text("Signed out, 1 not sent yet")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type("wrong password")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-problem")).to_have_text("This password is not right. Try again.")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_have_attribute("data-state", "task")
    all_saved(page)
    assert rejected_texts(Verdict.objects.get()) == ["coffee grinder"]


def test_a_lease_that_was_lost_is_explained_and_the_work_goes_on(
    project: Any, ana: Any, edo: Any, page_as: PageAs
) -> None:
    make_sample(project, items=6)
    page = open_task(page_as(ana))
    held = list(Assignment.objects.filter(state="leased").order_by("rank"))
    Assignment.objects.filter(pk=held[0].pk).update(leased_until=timezone.now() - timezone.timedelta(seconds=1))
    assert lease_items(project_id=project.pk, user_id=edo.pk, count=1)
    page.keyboard.press("Enter")
    expect(page.locator("#state-lost")).to_be_visible()
    expect(page.locator("#state-lost h2")).to_have_text("This item went to someone else")
    page.wait_for_timeout(700)
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_have_attribute("data-state", "task")
    page.keyboard.press("Enter")
    all_saved(page)
    assert LateVerdict.objects.get().annotator == ana
    assert Verdict.objects.filter(annotator=ana).count() == 1


def test_a_server_error_is_shown_with_a_reference_and_tried_again(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12)
    page = open_task(page_as(ana))
    page.route(
        "**/work/tags/submit", lambda route: route.fulfill(status=500, headers={"X-Request-Id": "7f3a"}, body="x")
    )
    page.keyboard.press("Enter")
    expect(page.locator("#notice-failing")).to_contain_text("1 verdict is not saved yet.")
    expect(page.locator("#notice-failing")).to_contain_text("reference 7f3a")
    expect(page.locator("#saved .words")).to_have_text("1 not saved, trying again")
    page.keyboard.press("Enter")
    expect(page.locator("#saved .words")).to_have_text("2 not saved, trying again")
    page.unroute("**/work/tags/submit")
    page.locator("#try-now").click()
    all_saved(page)
    assert Verdict.objects.count() == 2


def test_a_paused_project_says_so_and_goes_on_by_itself(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12)
    page = page_as(ana)
    page.clock.install()
    open_task(page)
    project.paused_at = timezone.now()
    project.save()
    page.keyboard.press("Enter")
    expect(page.locator("#state-paused")).to_be_visible()
    expect(page.locator("#state-paused h2")).to_have_text(
        f"Paused by the project lead at {timezone.localtime(project.paused_at):%H:%M}"
    )
    assert Verdict.objects.count() == 1
    project.paused_at = None
    project.save()
    page.clock.run_for(21_000)  # polls after 15 to 20 s
    expect(page.locator("#work")).to_have_attribute("data-state", "task")


def test_nothing_to_do_says_so_and_goes_on_when_there_is(project: Any, ana: Any, edo: Any, page_as: PageAs) -> None:
    from verification.services.queue import release_items

    make_sample(project, items=1)
    lease_items(project_id=project.pk, user_id=edo.pk, count=1)
    page = page_as(ana)
    page.clock.install()
    page.goto("/p/street/work/tags/")
    expect(page.locator("#state-empty")).to_be_visible()
    expect(page.locator("#state-empty h2")).to_have_text("Nothing to check right now")
    release_items(project_id=project.pk, user_id=edo.pk)
    page.clock.run_for(21_000)  # polls after 15 to 20 s
    expect(page.locator("#work")).to_have_attribute("data-state", "task")


def test_a_photo_that_does_not_load_can_be_tried_again_or_skipped(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2, images=2)
    page = page_as(ana)
    break_photos(page, 6)
    page.goto("/p/street/work/tags/")
    expect(page.locator("#photo-failed")).to_be_visible()
    page.keyboard.press("Enter")
    assert not Verdict.objects.exists()
    page.keyboard.press("r")
    expect(page.locator("#photo-failed")).to_be_hidden()
    expect(page.locator("#submit")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("Enter")
    expect(page.locator("#photo-failed")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("#state-empty")).to_be_visible()
    all_saved(page)
    assert Skip.objects.get().reason == "broken_photo"
    assert Verdict.objects.count() == 1


def test_a_held_key_does_not_repeat(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12)
    page = open_task(page_as(ana))
    page.keyboard.down("Enter")
    for _repeat in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator("#done")).to_have_text("1")
    all_saved(page)
    assert Verdict.objects.count() == 1


def test_marks_hide_while_v_is_held_and_fit_and_zoom_change_the_view(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=1)
    page = open_task(page_as(ana))
    page.keyboard.down("v")
    expect(page.locator("#photo .marks")).to_be_hidden()
    page.keyboard.up("v")
    expect(page.locator("#photo .m2")).to_be_visible()

    def width() -> float:
        return float(page.locator("#photo").get_attribute("viewBox").split()[2])  # type: ignore[union-attr]

    whole = width()
    page.keyboard.press("f")
    assert width() < whole / 2
    page.keyboard.press("f")
    assert width() == whole
    page.keyboard.press("+")
    assert width() < whole
    page.keyboard.press("-")
    assert width() == whole
    page.locator("#photo").hover()
    page.mouse.wheel(0, -400)
    expect(page.locator("#stage")).to_have_class("stage is-zoomed")
    before = page.locator("#photo").get_attribute("viewBox")
    page.mouse.down()
    page.mouse.move(300, 300, steps=4)
    page.mouse.up()
    assert page.locator("#photo").get_attribute("viewBox") != before


def test_shortcuts_can_be_switched_off_for_the_account(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    page = open_task(page_as(ana))
    page.keyboard.press("?")
    page.locator("#single-keys").uncheck()
    expect(page.locator("#status")).to_have_text("Single-key shortcuts are off.")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("#submit-words")).to_have_text("Submit: 5 right, 0 wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_have_text("1")
    all_saved(page)
    ana.refresh_from_db()
    assert not ana.single_key_shortcuts


def test_leaving_gives_the_other_items_back(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=12)
    page = open_task(page_as(ana))
    page.keyboard.press("Enter")
    all_saved(page)
    page.locator("#leave").click()
    page.wait_for_url("**/p/street/work/")
    expect(page.locator("#continue")).to_be_focused()
    expect(page.locator("#today-items")).to_have_text("1")
    page.wait_for_timeout(300)
    assert not Assignment.objects.filter(state="leased").exists()
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/street/work/tags/")


@pytest.mark.parametrize("opened", [open_task, open_questions])
def test_nothing_moves_while_the_page_opens_and_between_items(
    project: Any, ana: Any, page_as: PageAs, opened: Callable[[Page], Page]
) -> None:
    make_question_sample(make_sample(project, items=12, tags=3))
    page = page_as(ana)
    page.add_init_script(
        """window.shifts = [];
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => shifts.push(
            [entry.value, ...entry.sources.map((source) => source.node?.outerHTML?.slice(0, 80))]
        ))).observe({type: "layout-shift", buffered: true});"""
    )
    opened(page)
    place = page.locator("#submit").bounding_box()
    for _item in range(10):  # the number of done items grows by a digit
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        assert page.locator("#submit").bounding_box() == place
    all_saved(page)
    assert page.evaluate("shifts") == []


def test_submit_is_always_on_the_screen_and_nothing_scrolls_sideways(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=1)
    page = open_task(page_as(ana))
    for width, height in (
        (1440, 900), (1280, 720), (1024, 640), (844, 390), (700, 900), (390, 844), (390, 664), (360, 640)
    ):  # fmt: skip
        page.set_viewport_size({"width": width, "height": height})
        box = page.locator("#submit").bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= height - box["height"], (width, height)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, height)
        if width > 700:
            assert page.evaluate("document.documentElement.scrollHeight") <= height, (width, height)


def test_no_barriers_are_found(project: Any, ana: Any, page_as: PageAs) -> None:
    """Each state of the page in both colour schemes and two sizes."""
    make_sample(project, items=3)
    page = open_task(page_as(ana, reduced_motion="reduce"))

    def look() -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width, height in ((1440, 900), (390, 844)):
                page.set_viewport_size({"width": width, "height": height})
                assert axe(page) == [], (scheme, width)

    page.keyboard.press("2")
    look()
    for key in ("s", "m", "?"):
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_be_visible()
        look()
        page.keyboard.press("Escape")
    page.goto("/p/street/work/")
    look()


def test_the_meaning_of_tags_is_shown_over_the_item(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    import_meanings([("milk jug", "A jug that <b>milk</b> is poured from.")])
    page = open_task(page_as(ana))
    page.keyboard.press("1")
    page.get_by_role("toolbar").get_by_role("button", name="Meaning").click()
    card = page.locator("#card h2")
    expect(card).to_have_text("milk jug")
    expect(page.locator("#card .meaning")).to_have_text("A jug that <b>milk</b> is poured from. From a list")
    page.keyboard.press("3")
    expect(card).to_have_text("coffee grinder")
    expect(page.locator("#card .meaning")).to_have_text("No meaning is written yet.")
    expect(page.locator("#card-tags [aria-pressed=true]")).to_contain_text("coffee grinder")
    page.context.set_offline(True)
    page.keyboard.press("4")
    expect(page.locator("#card")).to_have_text("The card could not be loaded. Close it and try again.")
    page.keyboard.press("1")  # fetched before
    expect(card).to_have_text("milk jug")
    page.context.set_offline(False)
    page.keyboard.press("m")
    expect(page.locator("#card-dialog")).to_be_hidden()
    expect(page.locator(".tag :checked")).to_have_count(1)
    page.keyboard.press("Enter")
    all_saved(page)


def test_a_bad_box_and_the_right_tag_are_told_and_come_back_with_undo(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=2)
    page = open_task(page_as(ana))
    expect(page.locator("#right-tag")).to_be_disabled()
    page.keyboard.press("0")
    page.keyboard.press("b")
    page.keyboard.press("t")
    page.keyboard.type("tea towel")
    page.keyboard.press("Enter")
    expect(page.locator("#before")).to_have_text("Before this: milk jug, 0 right, 5 wrong, bad box")
    expect(page.locator("#right-tag")).to_be_disabled()
    all_saved(page)
    verdict = Verdict.objects.get()
    assert (verdict.is_bad_box, verdict.wordings.get().text) == (True, "tea towel")
    page = open_task(page)
    page.keyboard.press("z")
    expect(page.locator("#right-tag")).to_have_value("tea towel")
    expect(page.locator("#bad-box")).to_be_checked()


def test_own_keys_and_the_light_of_the_photo(project: Any, ana: Any, page_as: PageAs) -> None:
    make_sample(project, items=3)
    page = open_task(page_as(ana))
    page.keyboard.press("?")
    page.locator("[data-rebind='1']").click()
    page.keyboard.press("q")
    expect(page.locator("#status")).to_have_text("Your keys are saved.")
    page.locator("[data-rebind='2']").click()
    page.keyboard.press("q")
    expect(page.locator("#keys-problem")).to_contain_text("Q does something else already.")
    page.keyboard.press("Escape")
    page = open_task(page)
    expect(page.locator(".tag kbd").first).to_have_text("Q")
    page.keyboard.press("1")
    expect(page.locator("#submit-words")).to_have_text("Submit: 5 right, 0 wrong")
    page.keyboard.press("q")
    expect(page.locator("#submit-words")).to_have_text("Submit: 4 right, 1 wrong")
    page.locator("#adjust summary").click()
    page.locator("#brightness").fill("150")
    expect(page.locator("#photo image")).to_have_attribute("filter", "url(#tone)")
    page.locator("#adjust-reset").click()
    assert page.locator("#photo image").get_attribute("filter") is None
