"""Sentences that the script of a package shows, in the reader's language."""

from django.utils.translation import gettext as _

from verification.views.annotator.messages import Sentences, _forms


def package_messages() -> Sentences:
    """By name. Placeholders are in braces; `{n}` is the number that chooses the form."""
    return {
        "saved": _("All saved"),
        "saving": _("Saving"),
        "unsaved": _forms("{n} mark is not saved yet", "{n} marks are not saved yet"),
        "offline": _("You are offline. You can go on: your marks are kept in this browser."),
        "retry": _("Next try in {seconds} s."),
        "server": _("The server had an error (reference {reference})."),
        "signed_out": _("You are signed out. Sign in in a new tab, then try again: your marks are kept here."),
        "agree": _("Agreed"),
        "disagree": _("Disagreed"),
        "none": _("not judged"),
        "item": _("Item {number}"),
        "announce": _("Item {number}, {state}. {left} left."),
        "left": _forms(
            "{n} item is left. You can leave now; your marks are saved.",
            "{n} items are left. You can leave now; your marks are saved.",
        ),
        "complete": _("All items are judged. Closing cannot be undone."),
        "so_far": _("{right} of {judged} judged"),
        "interval": _("95 % interval {low} to {high} % (Wilson)."),
        "passes": _forms(
            "Passes with at most {n} disagreement; {wrong} so far.",
            "Passes with at most {n} disagreements; {wrong} so far.",
        ),
        "too_many": _("With more than {allowed} disagreements the package goes to another annotator."),
        "nothing_yet": _("Nothing judged yet."),
        "percent": _("{value} %"),
        "right": _("Right:"),
        "wrong": _("Wrong:"),
        "caption": _("{width} × {height} px, {zoom} × as large"),
        "choose_reason": _("Choose why you disagree."),
        "nothing_different": _("Mark what is right instead, or agree."),
        "write_answer": _("Write the right answer."),
        "no_photo": _("This photo did not load."),
    }
