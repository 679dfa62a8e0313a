"""Everything that happened to one item, by whom and when: for leads, and for experts once they have decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from verification.models import (
    Assignment,
    DisagreeReason,
    ItemChange,
    ItemChangeKind,
    LateVerdict,
    PackageItem,
    Priority,
    QAChoice,
    Reopening,
    SampleItem,
    SentBackVerdict,
    Skip,
    SkipReason,
    Verdict,
    WordingKind,
)
from verification.models.packages import PackageState


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. who: a name for leads; for experts a role, the same for the same person."""

    at: datetime
    what: Promise | str
    who: str = ""
    says: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """events: the oldest first. annotators: (user id, how they are called here) of those who judged it."""

    item: SampleItem
    events: list[Event]
    annotators: list[tuple[int, str]]


def may_see_history(*, item_id: int, user_id: int) -> bool:
    """Whether an expert has decided a package with the item, has none to decide with it, and judged it never."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_SEE, {"item": item_id, "user": user_id})
        return bool(cursor.fetchone()[0])


def history_of(item: SampleItem, *, viewer_id: int, with_names: bool) -> History:
    """In about ten queries, over the rows of this one item."""
    names = _Names(viewer_id, with_names)
    texts = {tag["concept_id"]: tag["text"] for tag in item.shown.get("tags", [])}
    events = [
        Event(item.sample.created_at, _("Drawn in loop %(number)s") % {"number": item.sample.loop.number}),
        *_verdicts(item, names, texts),
        *_skips(item, names),
        *_packages(item, names, texts),
        *_changes(item, names),
        *(
            Event(one.created_at, gettext_lazy("Asked again: an answer about this region says that its tag is wrong"))
            for one in Reopening.objects.filter(item=item)
        ),
    ]
    events.sort(key=lambda event: event.at)
    judged = Assignment.objects.filter(item=item, verdict__isnull=False).order_by("round", "slot")
    people = {slot.annotator_id: slot.annotator for slot in judged.select_related("annotator")}
    return History(item, events, [(user_id, names.of(person)) for user_id, person in people.items() if user_id])


class _Names:
    """What people are called: "Annotator 1" where names are not shown."""

    def __init__(self, viewer_id: int, with_names: bool) -> None:
        self._viewer_id = viewer_id
        self.with_names = with_names
        self._numbers: dict[int, int] = {}

    def of(self, person: Any, *, expert: bool = False) -> str:
        if person is None:
            return ""
        if person.pk == self._viewer_id:
            return _("You")
        if self.with_names:
            return str(person.display_name)
        if expert:
            return _("An expert")
        number = self._numbers.setdefault(person.pk, len(self._numbers) + 1)
        return _("Annotator %(number)s") % {"number": number}


def _verdicts(item: SampleItem, names: _Names, texts: dict[int, str]) -> Iterable[Event]:
    verdicts = Verdict.objects.filter(item=item).select_related("annotator").prefetch_related("wordings")
    for one in verdicts.order_by("id"):
        who = names.of(one.annotator)
        if one.is_withdrawal:
            yield Event(one.created_at, gettext_lazy("Verdict withdrawn"), who)
        else:
            written = [wording.text or _("(erased)") for wording in one.wordings.all()]
            says = [*_decision(one.rejected_ids, one.choice, texts, item.shown, one.is_bad_box), *written]
            yield Event(one.created_at, gettext_lazy("Verdict"), who, says)
    for late in LateVerdict.objects.filter(item=item).select_related("annotator"):
        says = _decision(late.rejected_ids, late.choice, texts, item.shown, late.is_bad_box)
        what = gettext_lazy("Late verdict: kept, not counted, not paid")
        yield Event(late.created_at, what, names.of(late.annotator), says)
    sent = SentBackVerdict.objects.filter(verdict__item=item).select_related("change__by", "verdict__annotator")
    for back in sent:
        says = [_("Verdict of %(name)s") % {"name": names.of(back.verdict.annotator)}]
        what = gettext_lazy("Sent back by the project lead")
        who = names.of(back.change.by) if names.with_names else ""
        yield Event(back.change.created_at, what, who, says, back.change.reason)


def _skips(item: SampleItem, names: _Names) -> Iterable[Event]:
    for skip in Skip.objects.filter(item=item).select_related("annotator"):
        reason = str(SkipReason(skip.reason).label)
        yield Event(skip.created_at, gettext_lazy("Skipped"), names.of(skip.annotator), [reason])


def _changes(item: SampleItem, names: _Names) -> Iterable[Event]:
    """What leads did to it; experts are not told by whom, nor whom it was given to."""
    if not names.with_names:
        return
    for change in ItemChange.objects.filter(item=item).select_related("by"):
        says = [str(Priority(change.priority).label)] if change.priority is not None else []
        yield Event(change.created_at, ItemChangeKind(change.kind).label, names.of(change.by), says)


def _packages(item: SampleItem, names: _Names, texts: dict[int, str]) -> Iterable[Event]:
    packed = PackageItem.objects.filter(item=item).select_related("package__expert", "ruling__expert")
    for one in packed.prefetch_related("ruling__wordings").order_by("id"):
        package = one.package
        number = {"number": package.pk}
        yield Event(package.created_at, _("Put into package %(number)s") % number)
        ruling = getattr(one, "ruling", None)
        if ruling is not None:
            who = names.of(ruling.expert, expert=True)
            wordings = {wording.kind: wording.text or _("(erased)") for wording in ruling.wordings.all()}
            note = wordings.pop(WordingKind.NOTE, "")
            if ruling.agrees:
                yield Event(ruling.created_at, gettext_lazy("Expert: agrees"), who)
            else:
                says = _decision(ruling.rejected_ids, ruling.choice, texts, item.shown, ruling.is_bad_box)
                reason = str(DisagreeReason(ruling.reason).label)
                what = gettext_lazy("Expert: disagrees")
                yield Event(ruling.created_at, what, who, [reason, *says, *wordings.values()], note)
        if package.decided_at is not None:
            state = str(PackageState(package.state).label)
            decided = _("Package %(number)s decided") % number
            yield Event(package.decided_at, decided, names.of(package.expert, expert=True), [state])


def _decision(
    rejected_ids: list[int], choice: str, texts: dict[int, str], shown: dict[str, Any], is_bad_box: bool
) -> list[str]:
    """In words."""
    says = [_("The box does not show one thing")] if is_bad_box else []
    if choice in QAChoice.values:
        says.append(str(QAChoice(choice).label))
    if "tags" in shown:
        wrong = [texts[concept_id] for concept_id in rejected_ids if concept_id in texts]
        says.append(_("Wrong: %(tags)s") % {"tags": ", ".join(wrong)} if wrong else _("None wrong"))
    return says


_MAY_SEE = """
SELECT EXISTS (SELECT 1 FROM verification_packageitem packed
               JOIN verification_reviewpackage package ON package.id = packed.package_id
               WHERE packed.item_id = %(item)s AND package.expert_id = %(user)s AND package.decided_at IS NOT NULL)
   AND NOT EXISTS (SELECT 1 FROM verification_packageitem packed
                   JOIN verification_reviewpackage package ON package.id = packed.package_id
                   WHERE packed.item_id = %(item)s AND package.expert_id = %(user)s AND package.decided_at IS NULL)
   AND NOT EXISTS (SELECT 1 FROM verification_assignment slot
                   WHERE slot.item_id = %(item)s AND slot.annotator_id = %(user)s)
"""
