"""Annotators' work: take items, judge, undo, skip and give back. The same services as the work screens."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.request import Request
from rest_framework.response import Response

from verification.models import QAChoice, SkipReason, TaskKind
from verification.services.concealment import ITEM, LARGEST, SLOT, conceal, reveal
from verification.services.queue import MAX_HELD, LeasedItem, release_items
from verification.services.quotas import lease_within_quota, next_within_quota
from verification.services.skips import skip_item
from verification.services.submissions import submit_verdict
from verification.services.tickets import issue_ticket
from verification.services.verdicts import withdraw_verdict
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action


def id_field(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=2**63 - 1, **options)


class SlotField(serializers.IntegerField):
    """A slot by the number under which its annotator knows it (services/concealment.py)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=LARGEST, **options)

    def run_validation(self, data: Any = empty) -> Any:
        return reveal(super().run_validation(data), SLOT)

    def to_representation(self, value: Any) -> int:
        return conceal(super().to_representation(value), SLOT)


def count_field(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=MAX_HELD, **options)


class LeaseSent(StrictSerializer):
    want = count_field(default=5, help_text="How many items to hold in all; those held already come first.")


class VerdictSent(StrictSerializer):
    """Of a tag task: `rejected`, `bad_box`, and `text` for the right tag when all are wrong. Of a question: `choice`.
    Of an answer to be written: `text`, or a `choice` that says why there is none."""

    assignment = SlotField()
    rejected = serializers.ListField(
        child=id_field(), max_length=20, default=list, help_text="Ids of the tags that are wrong."
    )
    bad_box = serializers.BooleanField(default=False, help_text="The box does not show one thing.")
    choice = serializers.ChoiceField(choices=QAChoice.choices, default="", allow_blank=True)
    text = serializers.CharField(max_length=2000, default="", allow_blank=True)
    key = serializers.UUIDField(help_text="Made by you. Sent again with the same content, it is the same verdict.")
    ticket = serializers.CharField(max_length=64, default="", help_text="Of the item: proves that it was yours.")
    seconds = serializers.FloatField(min_value=0, max_value=86_400, default=0)
    want = count_field(default=0, help_text="New items to bring along.")


class UndoSent(StrictSerializer):
    verdict = serializers.UUIDField(help_text="The `key` of the verdict.")
    key = serializers.UUIDField(help_text="Made by you, of this undo.")


class SkipSent(StrictSerializer):
    assignment = SlotField()
    reason = serializers.ChoiceField(choices=SkipReason.choices)
    want = count_field(default=0)


class ReleaseSent(StrictSerializer):
    assignments = serializers.ListField(
        child=SlotField(), max_length=MAX_HELD, required=False, help_text="Default: all."
    )


class ItemImage(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Of a WebP copy in this size; needs the token, scope `read`.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class ShownTagSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    text = serializers.CharField()


class PairSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    answer = serializers.CharField()


class QuestionSerializer(PairSerializer):
    """A question about `tag`, its answer, and for who writes the right one the region's other pairs."""

    tag = serializers.CharField()
    others = PairSerializer(many=True)


class ItemSerializer(serializers.Serializer[Any]):
    """An item as an annotator may see it. No scores, sources or names."""

    assignment = SlotField()
    item = serializers.IntegerField()
    ticket = serializers.CharField()
    image = ItemImage()
    box = serializers.ListField(
        child=serializers.FloatField(),
        min_length=4,
        max_length=4,
        help_text="x1, y1, x2, y2: pixels, x2/y2 exclusive.",
    )
    tags = ShownTagSerializer(many=True, help_text="Empty where a question is asked.")
    question = QuestionSerializer(allow_null=True, help_text="null in a tag task.")


class ItemsAnswer(serializers.Serializer[Any]):
    items = ItemSerializer(many=True)
    is_paused = serializers.BooleanField()


class VerdictAnswer(ItemsAnswer):
    repeated = serializers.BooleanField(help_text="This verdict had been recorded before.")


class UndoAnswer(serializers.Serializer[Any]):
    repeated = serializers.BooleanField()


class ReleaseAnswer(serializers.Serializer[Any]):
    released = serializers.IntegerField()


KINDS = {"tags": TaskKind.TAG, "questions": TaskKind.QA, "answers": TaskKind.ANSWER}


class _Work(ApiView):
    """`kind` in the address: tags, questions (is the answer right?) or answers (write the right one)."""

    needs: ClassVar = {"POST": Needs(TokenScope.ANNOTATE, Action.ANNOTATE)}

    @property
    def kind(self) -> TaskKind:
        return KINDS[self.kwargs["kind"]]

    @property
    def who(self) -> dict[str, int]:
        return {"project_id": self.project.pk, "user_id": self.person.pk}

    def wanted(self, want: int) -> int:
        return 0 if self.project.paused_at is not None else min(want, settings.ARGUS_LEASE_BATCH)

    def items_answer(self, items: Iterable[LeasedItem]) -> dict[str, Any]:
        return {"items": [self._shown(item) for item in items], "is_paused": self.project.paused_at is not None}

    def _shown(self, item: LeasedItem) -> dict[str, Any]:
        address = reverse("api:image_file", args=[self.project.slug, item.image_id, "display"])
        return {
            "assignment": item.assignment_id,
            "item": conceal(item.item_id, ITEM),
            "ticket": issue_ticket(user_id=self.person.pk, assignment_id=item.assignment_id),
            "image": {"url": address, "width": item.width, "height": item.height},
            "box": item.box,
            "tags": [{"id": tag.concept_id, "text": tag.text} for tag in item.tags],
            "question": _question(item),
        }


def _question(item: LeasedItem) -> dict[str, Any] | None:
    asked = item.question
    if asked is None:
        return None
    others = [{"question": question, "answer": answer} for question, answer in asked.others]
    return {"tag": asked.tag, "question": asked.question, "answer": asked.answer, "others": others}


class LeaseView(_Work):
    @extend_schema(
        operation_id="work_lease",
        summary="Your items, renewed and topped up",
        request=LeaseSent,
        responses=ItemsAnswer,
        tags=["work"],
    )
    def post(self, request: Request, slug: str, kind: str) -> Response:
        """The same call again gives the same items. Empty when nothing is open for you, or the project is paused.

        Items that are taken and not judged count against a quota (429, `lease_quota`).
        """
        want = self.wanted(self.sent(LeaseSent)["want"])
        items = lease_within_quota(**self.who, count=want, kind=self.kind)
        return Response(ItemsAnswer(self.items_answer(items)).data)


class SubmitView(_Work):
    @extend_schema(
        operation_id="work_submit",
        summary="Record a verdict, and take new items with it",
        request=VerdictSent,
        responses=VerdictAnswer,
        tags=["work"],
    )
    def post(self, request: Request, slug: str, kind: str) -> Response:
        """Durable when this answers. 409 `lease_lost`: somebody else has the item now; it is kept, unpaid."""
        sent = self.sent(VerdictSent)
        receipt, items = submit_verdict(
            **self.who,
            assignment_id=sent["assignment"],
            kind=self.kind,
            rejected_ids=sent["rejected"],
            is_bad_box=sent["bad_box"],
            choice=sent["choice"],
            text=sent["text"],
            seconds=sent["seconds"],
            key=sent["key"],
            ticket=sent["ticket"],
            want=self.wanted(sent["want"]),
        )
        return Response(VerdictAnswer({**self.items_answer(items), "repeated": receipt.repeated}).data)


class UndoView(_Work):
    @extend_schema(
        operation_id="work_undo",
        summary="Withdraw one of your last verdicts",
        request=UndoSent,
        responses=UndoAnswer,
        tags=["work"],
    )
    def post(self, request: Request, slug: str, kind: str) -> Response:
        """Its item is yours again: lease to see it."""
        sent = self.sent(UndoSent)
        receipt = withdraw_verdict(**self.who, verdict_key=sent["verdict"], key=sent["key"])
        return Response(UndoAnswer({"repeated": receipt.repeated}).data)


class SkipView(_Work):
    @extend_schema(
        operation_id="work_skip",
        summary="Pass an item on",
        request=SkipSent,
        responses=ItemsAnswer,
        tags=["work"],
    )
    def post(self, request: Request, slug: str, kind: str) -> Response:
        """You never get it again; three people who skip it send it to the lead."""
        sent = self.sent(SkipSent)
        skip_item(**self.who, assignment_id=sent["assignment"], reason=sent["reason"])
        items = next_within_quota(**self.who, count=self.wanted(sent["want"]), kind=self.kind)
        return Response(ItemsAnswer(self.items_answer(items)).data)


class ReleaseView(_Work):
    @extend_schema(
        operation_id="work_release",
        summary="Give items back to others",
        request=ReleaseSent,
        responses=ReleaseAnswer,
        tags=["work"],
    )
    def post(self, request: Request, slug: str, kind: str) -> Response:
        sent = self.sent(ReleaseSent)
        count = release_items(**self.who, assignment_ids=sent.get("assignments"))
        return Response(ReleaseAnswer({"released": count}).data)


VIEWS = {"lease": LeaseView, "submit": SubmitView, "undo": UndoView, "skip": SkipView, "release": ReleaseView}
