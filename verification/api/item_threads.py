"""What happened to one item, and the threads about it, for leads."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.models import COMMENT_LENGTH, CommentRole, SampleItem
from verification.selectors.comments import Remark, remarks_of, role_in_thread, waiting_threads
from verification.selectors.item_history import history_of
from verification.services.comments import add_comment
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.SEE_QUALITY)
WAITING_SHOWN = 100


class CommentSent(StrictSerializer):
    text = serializers.CharField(max_length=COMMENT_LENGTH)
    key = serializers.UUIDField(help_text="Yours: the same key is the same comment.")


class EventSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    what = serializers.CharField()
    who = serializers.CharField()
    says = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()


class JudgedBySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class HistoryAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    events = EventSerializer(many=True, help_text="The oldest first.")
    annotators = JudgedBySerializer(many=True, help_text="Who judged it: each has a thread about it.")


class RemarkSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=CommentRole.choices)
    name = serializers.CharField()
    text = serializers.CharField(help_text="Empty when it was erased on request.")
    is_mine = serializers.BooleanField()
    is_erased = serializers.BooleanField()
    at = serializers.DateTimeField()


class ThreadAnswer(serializers.Serializer[Any]):
    """About one annotator's work on one item."""

    item = serializers.IntegerField()
    annotator = serializers.IntegerField()
    comments = RemarkSerializer(many=True, help_text="The oldest first.")


class WaitingThreadSerializer(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    annotator = serializers.IntegerField()


class WaitingThreadsAnswer(serializers.Serializer[Any]):
    items = WaitingThreadSerializer(many=True, help_text="Whose last word is the annotator's, the longest wait first.")


class HistoryView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="items_history",
        summary="Everything that happened to one item, by whom and when",
        responses=HistoryAnswer,
        tags=["items"],
    )
    def get(self, request: Request, slug: str, item_id: int) -> Response:
        found = history_of(find_item(self, item_id), viewer_id=self.person.pk, with_names=True)
        events = [{**_event(event), "what": str(event.what)} for event in found.events]
        annotators = [{"id": user_id, "name": name} for user_id, name in found.annotators]
        return Response(HistoryAnswer({"id": item_id, "events": events, "annotators": annotators}).data)


def find_item(view: ApiView, item_id: int) -> SampleItem:
    """Raises NotFound, also for an item of another project."""
    item = (
        SampleItem.objects.filter(pk=item_id, sample__project=view.project)
        .select_related("sample__loop", "image")
        .first()
        if item_id < 2**63
        else None
    )
    if item is None:
        raise NotFound(_("There is no such item in this project."))
    return item


class WaitingThreadsView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="threads_waiting",
        summary="Threads in which an annotator waits for an answer",
        responses=WaitingThreadsAnswer,
        tags=["items"],
    )
    def get(self, request: Request, slug: str) -> Response:
        found = waiting_threads(project_id=self.project.pk, limit=WAITING_SHOWN)
        rows = [{"item": item_id, "annotator": annotator_id} for item_id, annotator_id in found]
        return Response(WaitingThreadsAnswer({"items": rows}).data)


class ThreadView(ApiView):
    needs: ClassVar = {"GET": _LEAD, "POST": _LEAD}

    @extend_schema(
        operation_id="threads_get",
        summary="What was said about an annotator's work on an item",
        responses=ThreadAnswer,
        tags=["items"],
    )
    def get(self, request: Request, slug: str, item_id: int, annotator_id: int) -> Response:
        return self._thread(item_id, annotator_id)

    @extend_schema(
        operation_id="threads_write",
        summary="Write to the annotator about it",
        request=CommentSent,
        responses=ThreadAnswer,
        tags=["items"],
    )
    def post(self, request: Request, slug: str, item_id: int, annotator_id: int) -> Response:
        """They read it on My work, from "Project lead"."""
        item = find_item(self, item_id)
        add_comment(
            project_id=self.project.pk,
            item_id=item.pk,
            annotator_id=_known(annotator_id),
            writer_id=self.person.pk,
            is_lead=True,
            **self.sent(CommentSent),
        )
        return self._thread(item_id, annotator_id)

    def _thread(self, item_id: int, annotator_id: int) -> Response:
        item = find_item(self, item_id)
        who = {"item_id": item.pk, "annotator_id": _known(annotator_id)}
        if role_in_thread(**who, person_id=self.person.pk, is_lead=True) is None:
            raise NotFound(_("This person has not judged this item."))
        remarks, _last = remarks_of(**who, reader_id=self.person.pk, with_names=True)
        content = {"item": item.pk, "annotator": annotator_id, "comments": [_remark(one) for one in remarks]}
        return Response(ThreadAnswer(content).data)


def _event(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("at", "who", "says", "note")}


def _remark(remark: Remark) -> dict[str, Any]:
    return {name: getattr(remark, name) for name in ("role", "name", "text", "is_mine", "is_erased", "at")}


def _known(user_id: int) -> int:
    return user_id if user_id < 2**63 else 0
