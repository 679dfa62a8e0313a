"""What a verdict says, checked by kind of task: nothing else is written to the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from django.utils.translation import gettext as _

from verification.answer_texts import (
    LONGEST_ANSWER,
    LONGEST_TAG,
    MOST_LINES,
    SHORTEST_ANSWER,
    has_words,
    is_other_script,
    unseen_characters,
    whole_text,
)
from verification.models import QAChoice, SampleItem, TaskKind, WordingKind
from webapp.core.errors import BadInput

INSTEAD_OF_AN_ANSWER = frozenset({QAChoice.UNANSWERABLE.value, QAChoice.WRONG_TAG.value})


@dataclass(frozen=True, slots=True)
class Content:
    """`rejected_ids` and `is_bad_box` belong to tag tasks, with the right tag as `text` where all shown ones are wrong;
    `choice` to the QA check. Who writes an answer gives its `text`, or the `choice` unanswerable or wrong_tag."""

    rejected_ids: list[int] = field(default_factory=list)
    choice: str = ""
    text: str = ""
    is_bad_box: bool = False

    @property
    def digest(self) -> str:
        """sha256 of the text, hex; empty without one."""
        return sha256(self.text.encode()).hexdigest() if self.text else ""


def checked_content(kind: TaskKind, content: Content) -> Content:
    """The content as it is stored. Raises BadInput; with code `bad_answer` where a text needs to be changed."""
    if kind == TaskKind.TAG:
        return _tag_content(content)
    if content.rejected_ids or content.is_bad_box:
        raise BadInput(_("This task has no tags to mark. Load the page again."))
    if kind == TaskKind.QA:
        if content.choice not in QAChoice.values or content.text:
            raise BadInput(_("Choose one of the four: correct, wrong answer, unanswerable, wrong tag."))
        return content
    return _answer_content(content)


def check_against_question(content: Content, item: SampleItem) -> None:
    """An answer is in the script of its question and is not the one that was wrong. Raises BadInput (`bad_answer`)."""
    if not content.text:
        return
    question, wrong = item.shown["question"], item.shown["answer"]
    if is_other_script(content.text, question):
        raise _bad_answer(_("Write the answer in the language of the question."))
    if content.text.casefold() == whole_text(wrong).casefold():
        raise _bad_answer(_("This is the answer that was found wrong. Write the right one, or skip."))


def wording_kind(kind: TaskKind) -> WordingKind:
    """What a text of this kind of task is."""
    return WordingKind.RIGHT_TAG if kind == TaskKind.TAG else WordingKind.CORRECTION


def _tag_content(content: Content) -> Content:
    if content.choice:
        raise BadInput(_("This task has no such choice. Load the page again."))
    text = " ".join(whole_text(content.text).split())
    if text:
        _check_characters(text)
        if len(text) > LONGEST_TAG:
            raise _bad_answer(_("A tag has at most %(most)s characters.") % {"most": LONGEST_TAG})
    return Content(sorted(set(content.rejected_ids)), "", text, content.is_bad_box)


def _answer_content(content: Content) -> Content:
    text = whole_text(content.text)
    if content.choice:
        if content.choice not in INSTEAD_OF_AN_ANSWER or text:
            raise BadInput(_("Write an answer, or say that the question is unanswerable or the tag wrong; not both."))
        return Content(choice=content.choice)
    if len(text) < SHORTEST_ANSWER:
        raise _bad_answer(_("Write the answer first."))
    _check_characters(text)
    if len(text) > LONGEST_ANSWER:
        raise _bad_answer(
            _("The answer has %(length)s characters, and %(most)s are allowed. Shorten it.")
            % {"length": len(text), "most": LONGEST_ANSWER}
        )
    if text.count("\n") >= MOST_LINES:
        raise _bad_answer(_("Write the answer in at most %(most)s lines.") % {"most": MOST_LINES})
    return Content(text=text)


def _check_characters(text: str) -> None:
    unseen = unseen_characters(text)
    if unseen:
        raise _bad_answer(
            _("The text has characters that nobody can see (%(which)s). Type it again instead of pasting it.")
            % {"which": ", ".join(unseen[:5])}
        )
    if not has_words(text):
        raise _bad_answer(_("Write the answer in words."))


def _bad_answer(message: str) -> BadInput:
    return BadInput(message, code="bad_answer")
