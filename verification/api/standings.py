"""One annotator, for leads: what they confuse, what was done about their work, and what can be done."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.api.quality import AnnotatorSerializer, person_facts
from verification.api.shares import ScoreSerializer, score_facts
from verification.models import QAChoice, StandingChange, StandingChangeKind
from verification.selectors.expert_findings import confusion_of
from verification.selectors.quality import quality_of
from verification.services.standing import (
    LONGEST_REASON,
    MOST_SENT_BACK,
    pause_person,
    require_requalification,
    resume_person,
    send_back_work,
)
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.SEE_QUALITY)
CHANGES_SHOWN = 20


class ReasonSent(StrictSerializer):
    reason = serializers.CharField(
        max_length=LONGEST_REASON, default="", allow_blank=True, help_text="The person reads it."
    )


class SendBackSent(ReasonSent):
    count = serializers.IntegerField(min_value=1, max_value=MOST_SENT_BACK, help_text="Items, the latest first.")
    take_pay_back = serializers.BooleanField(default=False)


class ConfusedTagSerializer(serializers.Serializer[Any]):
    """How often the person left the tag although it was wrong (`missed`), or marked it although it was right."""

    id = serializers.IntegerField(source="concept_id")
    text = serializers.CharField()
    missed = serializers.IntegerField()
    struck = serializers.IntegerField()


class ConfusedChoiceSerializer(serializers.Serializer[Any]):
    """How often the person `said` one thing where the expert ruled that another is `right`, or the same."""

    said = serializers.ChoiceField(choices=QAChoice.choices)
    right = serializers.ChoiceField(choices=QAChoice.choices)
    count = serializers.IntegerField()


class ConfusionSerializer(serializers.Serializer[Any]):
    """In packages that experts have decided, tag by tag."""

    found = ScoreSerializer(help_text="Wrong tags marked, of all wrong ones.")
    kept = ScoreSerializer(help_text="Right tags left, of all right ones.")
    tags = ConfusedTagSerializer(many=True, help_text="Those confused most often.")
    choices = ConfusedChoiceSerializer(many=True, help_text="Of questions.")


class StandingChangeSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=StandingChangeKind.choices)
    by = serializers.CharField()
    reason = serializers.CharField()
    items = serializers.IntegerField(help_text="How many were sent back; else 0.")


class AnnotatorAnswer(AnnotatorSerializer):
    confusion = ConfusionSerializer()
    changes = StandingChangeSerializer(many=True, help_text="What leads did, the latest first.")


class AnnotatorView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="quality_person",
        summary="One annotator: what they confuse, and what was done",
        responses=AnnotatorAnswer,
        tags=["quality"],
    )
    def get(self, request: Request, slug: str, user_id: int) -> Response:
        return _answer(self, user_id)


class PauseView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="quality_pause",
        summary="Give somebody no more items",
        request=ReasonSent,
        responses=AnnotatorAnswer,
        tags=["quality"],
    )
    def post(self, request: Request, slug: str, user_id: int) -> Response:
        """What they hold goes to others; what they sent counts. Again, it changes nothing."""
        pause_person(**_who(self, user_id), reason=self.sent(ReasonSent)["reason"])
        return _answer(self, user_id)


class ResumeView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="quality_resume",
        summary="Let somebody work again",
        request=None,
        responses=AnnotatorAnswer,
        tags=["quality"],
    )
    def post(self, request: Request, slug: str, user_id: int) -> Response:
        resume_person(**_who(self, user_id))
        return _answer(self, user_id)


class RequalifyView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="quality_requalify",
        summary="Give somebody no items until they have passed the qualifying round",
        request=ReasonSent,
        responses=AnnotatorAnswer,
        tags=["quality"],
    )
    def post(self, request: Request, slug: str, user_id: int) -> Response:
        require_requalification(**_who(self, user_id), reason=self.sent(ReasonSent)["reason"])
        return _answer(self, user_id)


class SendBackView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="quality_send_back",
        summary="Let others judge somebody's latest items again",
        request=SendBackSent,
        responses=StandingChangeSerializer,
        tags=["quality"],
    )
    def post(self, request: Request, slug: str, user_id: int) -> Response:
        """Those that no package holds yet. 409 `nothing_to_send_back`. Said twice, it finds what came since."""
        change = send_back_work(**_who(self, user_id), **self.sent(SendBackSent))
        change.refresh_from_db()
        return Response(StandingChangeSerializer(_change(change)).data)


def _who(view: ApiView, user_id: int) -> dict[str, Any]:
    return {"project_id": view.project.pk, "person_id": _known(user_id), "by_id": view.person.pk}


def _known(user_id: int) -> int:
    return user_id if user_id < 2**63 else 0


def _answer(view: ApiView, user_id: int) -> Response:
    person = quality_of(view.project, _known(user_id))
    if person is None:
        raise NotFound(_("This person is no annotator of the project."))
    confusion = confusion_of(project_id=view.project.pk, user_id=person.user_id)
    changes = StandingChange.objects.filter(project=view.project, person_id=person.user_id).select_related("by")
    content = {
        **person_facts(person),
        "confusion": {
            "found": score_facts(confusion.found),
            "kept": score_facts(confusion.kept),
            "tags": confusion.tags,
            "choices": [
                {"said": said, "right": right, "count": count}
                for (said, right), count in sorted(confusion.choices.items())
            ],
        },
        "changes": [_change(change) for change in changes.order_by("-pk")[:CHANGES_SHOWN]],
    }
    return Response(AnnotatorAnswer(content).data)


def _change(change: StandingChange) -> dict[str, Any]:
    return {
        "at": change.created_at,
        "kind": change.kind,
        "by": change.by.display_name,
        "reason": change.reason,
        "items": change.items,
    }
