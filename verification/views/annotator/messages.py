"""Sentences that the scripts of the work screens show, in the reader's language.

Sentences with a number come in the forms of the language: one for each of these numbers, of which the browser takes
the one that has the same plural category (`Intl.PluralRules`) as the number to be said.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from verification.models import TaskKind

REPRESENTATIVES = (0, 1, 2, 3, 5, 6, 11, 20, 100)


def _forms(singular: str, plural: str) -> dict[str, str]:
    return {str(number): ngettext(singular, plural, number) for number in REPRESENTATIVES}


Sentences = dict[str, str | dict[str, str]]


def work_messages(kind: TaskKind) -> Sentences:
    """What the script of the kind's work screen says."""
    return frame_messages() | {TaskKind.TAG: _tag, TaskKind.QA: _qa, TaskKind.ANSWER: _answer}[kind]()


def tag_task_messages() -> Sentences:
    return work_messages(TaskKind.TAG)


def _tag() -> Sentences:
    return {
        "submit": _("Submit: {right} right, {wrong} wrong"),
        "all_wrong": _("All wrong"),
        "all_right": _("None wrong"),
        "summary": _("{right} right, {wrong} wrong"),
        "summary_right": _("{right} right"),
        "bad_box": _("bad box"),
    }


def _qa() -> Sentences:
    return {
        "submit_nothing": _("Submit"),
        "submit": _("Submit: {choice}"),
        "correct": _("correct"),
        "wrong_answer": _("wrong answer"),
        "unanswerable": _("unanswerable question"),
        "wrong_tag": _("wrong tag"),
    }


def _answer() -> Sentences:
    return {
        "written": _("answer written"),
        "unanswerable": _("unanswerable question"),
        "wrong_tag": _("wrong tag"),
        "count": _("{length} of {most}"),
        "draft": _("Draft kept."),
        "too_short": _("Write the answer first."),
        "too_long": _("The answer is too long. Shorten it."),
        "unseen": _("The text has characters that nobody can see. Type it again instead of pasting it."),
        "no_words": _("Write the answer in words."),
        "other_script": _("Write the answer in the language of the question."),
        "same": _("This is the answer that was found wrong. Write the right one, or skip."),
    }


def frame_messages() -> Sentences:
    """Of every work screen, by name. Placeholders are in braces; `{n}` is the number that chooses the form."""
    return {
        "nothing_before": _("Nothing before this yet."),
        "before": _("Before this:"),
        "announce": _("Item {number} of {size}. Region {width} by {height} pixels, {place}."),
        "place_top_left": _("top left"),
        "place_top_centre": _("top centre"),
        "place_top_right": _("top right"),
        "place_centre_left": _("centre left"),
        "place_centre_centre": _("centre"),
        "place_centre_right": _("centre right"),
        "place_bottom_left": _("bottom left"),
        "place_bottom_centre": _("bottom centre"),
        "place_bottom_right": _("bottom right"),
        "caption": _("Region {width} × {height} px, shown {zoom}×"),
        "photo": _("Photo, {width} by {height} pixels. The outlined region is {place}."),
        "progress": _("Items done in this session: {done} of {size}"),
        "saved": _("All saved"),
        "saving": _("Saving"),
        "offline_none": _("Offline"),
        "offline_short": _forms("Offline, {n} not sent yet", "Offline, {n} not sent yet"),
        "offline": _forms(
            "{n} verdict is kept in this browser and sent when you are back.",
            "{n} verdicts are kept in this browser and sent when you are back.",
        ),
        "ahead": _forms("{n} more item is ready.", "{n} more items are ready."),
        "signed_out_none": _("Signed out"),
        "signed_out_nothing": _("Everything you sent is saved."),
        "signed_out_short": _forms("Signed out, {n} not sent yet", "Signed out, {n} not sent yet"),
        "signed_out": _forms(
            "{n} verdict waits in this browser. It is sent as soon as you are in.",
            "{n} verdicts wait in this browser. They are sent as soon as you are in.",
        ),
        "sign_in_wrong": _("This password is not right. Try again."),
        "sign_in_failed": _("Signing in did not work (reference {reference}). Wait a moment, then try again."),
        "sign_in_more": _("Your account needs one more step. Sign in on the page that the link opens, then come back."),
        "other_account": _("Somebody else has signed in in this browser. Sign in as {name} to go on."),
        "failing_short": _forms("{n} not saved, trying again", "{n} not saved, trying again"),
        "failing_title": _forms("{n} verdict is not saved yet.", "{n} verdicts are not saved yet."),
        "failing": _forms(
            "The server had an error (reference {reference}). It is kept here; next try in {seconds} s.",
            "The server had an error (reference {reference}). They are kept here; next try in {seconds} s.",
        ),
        "refused": _("The server refused one verdict: {reason} All others are saved."),
        "not_undone": _("This verdict can no longer be undone. It stands as you sent it."),
        "paused_at": _("Paused by the project lead at {at}"),
        "shortcuts_on": _("Single-key shortcuts are on."),
        "shortcuts_off": _("Single-key shortcuts are off."),
        "load_failed": _("The items could not be loaded (reference {reference}). Next try in {seconds} s."),
        "lost_text": _("What you wrote is kept with the item, and here:"),
        "no_card": _("The card could not be loaded. Close it and try again."),
        "unchosen": _("Choose first; then Enter submits."),
        "press_a_key": _("Press a key"),
        "keys_saved": _("Your keys are saved."),
        "keys_failed": _("The key was not saved. {reason}"),
    }
