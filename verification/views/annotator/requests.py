"""What the work screens send: checked field by field, nothing more accepted than is named here."""

from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from verification.models import TaskKind
from verification.services.concealment import LARGEST, SLOT, reveal
from verification.services.queue import MAX_HELD
from webapp.core.errors import ArgusError, BadInput
from webapp.projects.access import ProjectRequest

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
# Slots are named by concealed numbers (services/concealment.py).
SlotId = Annotated[int, Field(ge=0, le=LARGEST), AfterValidator(lambda number: reveal(number, SLOT))]
Count = Annotated[int, Field(ge=0, le=MAX_HELD)]
MOST_TEXT = 2000  # much more than any text may have, so that one that is too long is refused in words


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class LeaseSent(_Sent):
    """`want` items in all; those in `have` are in the browser already and not sent again."""

    want: Count
    have: list[SlotId] = Field(default_factory=list, max_length=MAX_HELD)


class _Verdict(_Sent):
    assignment: SlotId
    ticket: Annotated[str, Field(max_length=64)] = ""
    seconds: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    key: UUID
    want: Count = 0


class VerdictSent(_Verdict):
    """Of a tag task. `right_tag` may be typed when all shown ones are rejected."""

    rejected: list[Id] = Field(max_length=20)
    bad_box: bool = False
    right_tag: Annotated[str, Field(max_length=MOST_TEXT)] = ""

    def content(self) -> dict[str, Any]:
        return {"rejected_ids": self.rejected, "is_bad_box": self.bad_box, "text": self.right_tag}


class CheckSent(_Verdict):
    """Of a QA check: one of the four choices."""

    choice: Annotated[str, Field(max_length=16)]

    def content(self) -> dict[str, Any]:
        return {"choice": self.choice}


class AnswerSent(_Verdict):
    """Of somebody who writes the right answer, or says why there is none."""

    choice: Annotated[str, Field(max_length=16)] = ""
    text: Annotated[str, Field(max_length=MOST_TEXT)] = ""

    def content(self) -> dict[str, Any]:
        return {"choice": self.choice, "text": self.text}


VERDICTS: dict[TaskKind, type[VerdictSent] | type[CheckSent] | type[AnswerSent]] = {
    TaskKind.TAG: VerdictSent,
    TaskKind.QA: CheckSent,
    TaskKind.ANSWER: AnswerSent,
}


class UndoSent(_Sent):
    verdict: UUID
    key: UUID


class SkipSent(_Sent):
    assignment: SlotId
    reason: Annotated[str, Field(max_length=16)]
    want: Count = 0


class ReleaseSent(_Sent):
    assignments: list[SlotId] = Field(max_length=MAX_HELD)


class ShortcutsSent(_Sent):
    enabled: bool


class KeysSent(_Sent):
    """The keys that a person wants instead of the usual ones: usual key -> own key."""

    keys: dict[Annotated[str, Field(max_length=8)], Annotated[str, Field(max_length=8)]] = Field(max_length=40)


class OtherAccount(ArgusError):
    """The page belongs to somebody else than the session: nothing of theirs is sent under another name."""

    status = 401
    code = "other_account"


Sent = TypeVar("Sent", bound=_Sent)


def read_sent(request: ProjectRequest, kind: type[Sent]) -> Sent:
    """The request's JSON body as `kind`. Raises BadInput, or OtherAccount when somebody else opened the page."""
    account = request.headers.get("X-Argus-Account")
    if account is not None and account != str(request.user.pk):
        raise OtherAccount(_("Somebody else has signed in in this browser. Sign in as yourself to go on."))
    try:
        return kind.model_validate_json(request.body)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, detail["loc"])) or "body" for detail in error.errors()}))
        raise BadInput(
            _("The request cannot be read (%(fields)s). Load the page again.") % {"fields": fields}
        ) from None
