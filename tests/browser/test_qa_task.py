"""Questions as people work on them: the check with four keys, and the answer that somebody else writes."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.axe import axe
from tests.browser.conftest import PageAs
from tests.browser.tag_tasks import all_saved, go_offline, open_questions
from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.questions import ANSWER, check, make_question_sample
from tests.verification.services.crowds import people
from verification.models import Assignment, LateVerdict, SampleItem, Verdict, Wording
from verification.services.queue import lease_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def questions(project: Any, *, items: int, wrong: Any = None) -> list[SampleItem]:
    """QA items; all found wrong by `wrong`, if somebody is named."""
    found = items_of(make_question_sample(make_sample(project, items=items, images=2)))
    for item in found if wrong else []:
        check(item, wrong, "wrong_answer")
    return found


def test_four_choices_by_four_keys_and_enter_never_submits_an_unanswered_item(
    project: Any, ana: Any, page_as: PageAs
) -> None:
    questions(project, items=5)
    page = open_questions(page_as(ana))
    expect(page.locator("#photo .m2")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Choose first; then Enter submits.")
    expect(page.locator("#submit")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("m")
    expect(page.locator("#card h2")).to_have_text("milk jug")
    page.keyboard.press("m")
    expect(page.locator("#card-dialog")).to_be_hidden()
    place = page.locator("#submit").bounding_box()
    for number, key in enumerate("1234"):
        expect(page.locator("#done")).to_have_text(str(number))
        expect(page.locator("#choices :checked")).to_have_count(0)
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        assert page.locator("#submit").bounding_box() == place
    expect(page.locator("#before")).to_have_text("Before this: milk jug, wrong tag")
    all_saved(page)
    said = list(Verdict.objects.order_by("pk").values_list("choice", flat=True))
    assert said == ["correct", "wrong_answer", "unanswerable", "wrong_tag"]
    page.keyboard.press("z")
    expect(page.locator("#choices :checked")).to_have_attribute("value", "wrong_tag")
    page.keyboard.press("1")
    all_saved(page)
    go_offline(page)
    page.keyboard.press("Enter")
    expect(page.locator("#saved .words")).to_have_text("Offline, 1 not sent yet")
    page.context.set_offline(False)
    all_saved(page)
    assert Verdict.objects.filter(choice="correct", superseded_by=None).count() == 2


def test_the_right_answer_is_written_by_another_person(project: Any, ana: Any, page_as: PageAs) -> None:
    (ben,) = people(project, 1)
    questions(project, items=4, wrong=ben)
    page = open_questions(page_as(ana), "answers")
    expect(page.locator("#answer")).to_be_focused()
    expect(page.locator("#pair-answer")).to_have_text("The milk jug is red.")
    expect(page.locator("#other-pairs")).to_contain_text("On the table.")
    page.keyboard.press("Enter")
    expect(page.locator("#answer-problem")).to_have_text("Write the answer first.")
    page.keyboard.type("The milk jug is red.")
    page.keyboard.press("Enter")
    expect(page.locator("#answer-problem")).to_contain_text("found wrong")
    page.locator("#answer").fill("The milk jug is blue,")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("s or z it is")
    expect(page.locator("#answer-count")).to_have_text("34 of 200")
    page = open_questions(page, "answers")
    expect(page.locator("#answer")).to_have_value("The milk jug is blue,\ns or z it is")  # the draft
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_have_text("1")
    expect(page.locator("#answer")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.locator("#before")).to_have_text("Before this: milk jug, unanswerable question")
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    expect(page.locator("#done")).to_have_text("3")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.locator("#done")).to_have_text("2")
    all_saved(page)
    assert Wording.objects.get().text == "The milk jug is blue,\ns or z it is"
    standing = Verdict.objects.filter(item__sample__task_kind=ANSWER, is_withdrawal=False, superseded_by=None)
    assert [verdict.choice for verdict in standing.order_by("pk")] == ["", "unanswerable"]


def test_words_are_never_lost_when_the_item_went_to_somebody_else_or_the_server_refuses_them(
    project: Any, ana: Any, page_as: PageAs
) -> None:
    ben, cem = people(project, 2)
    questions(project, items=3, wrong=ben)
    page = open_questions(page_as(ana), "answers")
    first = Assignment.objects.filter(state="leased", annotator=ana).order_by("rank")[0]
    Assignment.objects.filter(pk=first.pk).update(leased_until=timezone.now() - timezone.timedelta(hours=1))
    assert lease_items(project_id=project.pk, user_id=cem.pk, count=1, kind=ANSWER)
    page.keyboard.type("It is blue.")
    page.keyboard.press("Enter")
    expect(page.locator("#state-lost")).to_be_visible()
    expect(page.locator("#lost-words")).to_have_text("It is blue.")
    page.locator("#next-item").click()
    assert LateVerdict.objects.get().text == "It is blue."
    # A page of yesterday whose checks are not today's: the server refuses, and the item comes back with the words.
    page.route(
        "**/work/answers/submit",
        lambda route: route.continue_(post_data=route.request.post_data.replace("kettle", "\\u202ekettle")),
    )
    page.keyboard.type("It is a kettle.")
    page.keyboard.press("Enter")
    expect(page.locator("#notice-refused")).to_contain_text("nobody can see (U+202E)")
    expect(page.locator("#answer")).to_have_value("It is a kettle.")
    page.unroute("**/work/answers/submit")
    page.locator("#answer").press("Enter")
    all_saved(page)
    assert Wording.objects.get().text == "It is a kettle."


@pytest.mark.parametrize("folder", ["questions", "answers"])
def test_no_barriers_submit_in_sight_and_nothing_scrolls_sideways(
    project: Any, ana: Any, page_as: PageAs, folder: str
) -> None:
    (ben,) = people(project, 1)
    questions(project, items=2, wrong=ben if folder == "answers" else None)
    for scheme, sizes in (
        ("light", [(1440, 900), (1280, 720), (1024, 640), (844, 390)]),
        ("dark", [(390, 844), (360, 640)]),
    ):
        page = page_as(ana, color_scheme=scheme, reduced_motion="reduce")
        open_questions(page, folder)
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            box = page.locator("#submit").bounding_box()
            assert box is not None
            assert 0 <= box["y"] <= height - box["height"], (width, height)
            too_wide = page.evaluate(
                "(width) => document.documentElement.scrollWidth <= width ? [] : [...document.querySelectorAll('*')]"
                ".filter((node) => node.getBoundingClientRect().right > width).map((node) => node.outerHTML.slice(0, 80))",
                width,
            )
            assert too_wide == [], (width, height)
            assert axe(page) == [], (width, height)
