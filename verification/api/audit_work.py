"""Experts judge audited items, blind: leased, judged, taken back. The same services as the audit page."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.api.work import ItemImage, ShownTagSerializer, id_field
from verification.models import AuditChoice, AuditKind
from verification.selectors.audits import done_by
from verification.services.audits import (
    MAX_HELD,
    AuditTask,
    judge_task,
    lease_tasks,
    release_tasks,
    take_back,
)
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action


def _want(default: int) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0, max_value=MAX_HELD, default=default, help_text="How many items to hold in all."
    )


class AuditLeaseSent(StrictSerializer):
    want = _want(4)


class JudgementSent(StrictSerializer):
    """Of tags: `judged` with those that are right. Of an answer: `correct` or `incorrect`. Of both: `unclear`."""

    slot = id_field()
    key = serializers.UUIDField(help_text="Made by you. Sent again with the same content, it is the same judgement.")
    choice = serializers.ChoiceField(choices=AuditChoice.choices)
    right = serializers.ListField(child=id_field(), max_length=20, default=list, help_text="Ids of the right tags.")
    seconds = serializers.FloatField(min_value=0, max_value=86_400, default=0)
    want = _want(0)


class SlotSent(StrictSerializer):
    slot = id_field()


class AuditItemSerializer(serializers.Serializer[Any]):
    """An item as an expert may see it. No claims, ranks, scores, sources or names; tags in an order of chance."""

    slot = serializers.IntegerField()
    task_kind = serializers.ChoiceField(choices=AuditKind.choices)
    image = ItemImage()
    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    tags = ShownTagSerializer(many=True)
    question = serializers.CharField()
    answer = serializers.CharField()


class AuditItemsAnswer(serializers.Serializer[Any]):
    items = AuditItemSerializer(many=True, help_text="What you hold.")
    done = serializers.IntegerField(help_text="Items that you judged in the open audits.")
    is_paused = serializers.BooleanField()


class JudgedAnswer(AuditItemsAnswer):
    repeated = serializers.BooleanField(help_text="This judgement had been recorded before.")


class TakenBackAnswer(serializers.Serializer[Any]):
    taken_back = serializers.BooleanField(help_text="False: it is too late, or it is not yours.")


class ReleasedAnswer(serializers.Serializer[Any]):
    released = serializers.IntegerField()


class _AuditWork(ApiView):
    needs: ClassVar = {"POST": Needs(TokenScope.ANNOTATE, Action.AUDIT)}

    @property
    def who(self) -> dict[str, int]:
        return {"project_id": self.project.pk, "user_id": self.person.pk}

    def items_answer(self, want: int) -> dict[str, Any]:
        items = [self._shown(task) for task in lease_tasks(**self.who, count=want)] if want else []
        return {"items": items, "done": done_by(**self.who), "is_paused": self.project.paused_at is not None}

    def _shown(self, task: AuditTask) -> dict[str, Any]:
        address = reverse("api:image_file", args=[self.project.slug, task.image_id, "display"])
        return {
            "slot": task.slot_id,
            "task_kind": task.kind,
            "image": {"url": address, "width": task.width, "height": task.height},
            "box": task.box,
            "tags": [{"id": tag.concept_id, "text": tag.text} for tag in task.tags],
            "question": task.question,
            "answer": task.answer,
        }


class LeaseView(_AuditWork):
    @extend_schema(
        operation_id="audits_lease",
        summary="Your audited items, renewed and topped up",
        request=AuditLeaseSent,
        responses=AuditItemsAnswer,
        tags=["audits"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """The same call again gives the same items. Nobody gets an item they took part in, or both slots of one."""
        return Response(AuditItemsAnswer(self.items_answer(self.sent(AuditLeaseSent)["want"])).data)


class JudgeView(_AuditWork):
    @extend_schema(
        operation_id="audits_judge",
        summary="Record a judgement, and take new items with it",
        request=JudgementSent,
        responses=JudgedAnswer,
        tags=["audits"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """409: `lease_lost`, `audit_closed` or `key_reused`."""
        sent = self.sent(JudgementSent)
        receipt = judge_task(
            **self.who,
            slot_id=sent["slot"],
            key=sent["key"],
            choice=AuditChoice(sent["choice"]),
            right_ids=sent["right"],
            seconds=sent["seconds"],
        )
        return Response(JudgedAnswer({**self.items_answer(sent["want"]), "repeated": receipt.repeated}).data)


class UndoView(_AuditWork):
    @extend_schema(
        operation_id="audits_undo",
        summary="Take back a judgement of the last hour",
        request=SlotSent,
        responses=TakenBackAnswer,
        tags=["audits"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Its item is yours again: lease to see it."""
        taken = take_back(**self.who, slot_id=self.sent(SlotSent)["slot"])
        return Response(TakenBackAnswer({"taken_back": taken}).data)


class ReleaseView(_AuditWork):
    @extend_schema(
        operation_id="audits_release",
        summary="Give all audited items you hold back to others",
        request=None,
        responses=ReleasedAnswer,
        tags=["audits"],
    )
    def post(self, request: Request, slug: str) -> Response:
        return Response(ReleasedAnswer({"released": release_tasks(**self.who)}).data)


VIEWS = {"lease": LeaseView, "judge": JudgeView, "undo": UndoView, "release": ReleaseView}
