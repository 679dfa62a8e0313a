"""What experts said of one's own work: what was wrong, and why. No names, no scores, and keys that tell nothing."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.api.work import ItemImage
from verification.models import DisagreeReason, QAChoice, TaskKind
from verification.selectors.feedback import Feedback, feedback_of
from verification.services.concealment import LARGEST, PAGE, conceal, reveal
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_of
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action

_CHOICES = [("", ""), *QAChoice.choices]


class FeedbackQuery(StrictSerializer):
    after = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)


class CorrectedTagSerializer(serializers.Serializer[Any]):
    """`was_left`: you left it, and it is wrong; else you marked it, and it is right."""

    text = serializers.CharField()
    was_left = serializers.BooleanField()


class FeedbackSerializer(serializers.Serializer[Any]):
    """One item on which an expert decided otherwise."""

    at = serializers.DateTimeField(source="decided_at")
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    image = ItemImage()
    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    tags = CorrectedTagSerializer(many=True)
    question = serializers.CharField()
    answer = serializers.CharField()
    choice = serializers.ChoiceField(choices=_CHOICES, help_text="Yours.")
    right_choice = serializers.ChoiceField(choices=_CHOICES)
    written = serializers.CharField(help_text="What you wrote.")
    right_answer = serializers.CharField()
    said_bad_box = serializers.BooleanField(help_text="You said so.")
    is_bad_box = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=DisagreeReason.choices)
    note = serializers.CharField()


class FeedbackView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.READ, Action.ANNOTATE)}

    @extend_schema(
        operation_id="work_feedback",
        summary="What experts found wrong in your work, the latest first",
        parameters=[FeedbackQuery],
        responses=page_of(FeedbackSerializer, "Feedback"),
        tags=["work"],
    )
    def get(self, request: Request, slug: str) -> Response:
        after = self.query(FeedbackQuery).get("after")
        rows, following = feedback_of(
            project_id=self.project.pk,
            user_id=self.person.pk,
            before=None if after is None else reveal(after, PAGE),
        )
        items = FeedbackSerializer([_facts(row, slug) for row in rows], many=True).data
        return Response({"items": items, "next": None if following is None else conceal(following, PAGE)})


def _facts(row: Feedback, slug: str) -> dict[str, Any]:
    names = ("decided_at", "task_kind", "box", "tags", "question", "answer", "choice", "right_choice", "written")
    more = ("right_answer", "said_bad_box", "is_bad_box", "reason", "note")
    address = reverse("api:image_file", args=[slug, row.image_id, "display"])
    return {
        **{name: getattr(row, name) for name in (*names, *more)},
        "image": {"url": address, "width": row.width, "height": row.height},
    }
