"""Samples as leads work on them: their list, priority, shares for people, and what waits for nobody."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.api.items import PRIORITIES, DoneAnswer, PeopleSent, done_answer, people_sent, priority_sent
from verification.models import Priority, Sample, TaskKind
from verification.selectors.items import MOST_CHOSEN, samples_of
from verification.selectors.stranded import Absence, stranded_in
from verification.services.priorities import set_sample_priority
from verification.services.work_assignment import assign_share
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.MANAGE_ITEMS)


class ShareSent(PeopleSent):
    count = serializers.IntegerField(min_value=1, max_value=MOST_CHOSEN)


class SamplePrioritySent(StrictSerializer):
    priority = serializers.ChoiceField(choices=PRIORITIES)


class SampleSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    loop = serializers.IntegerField()
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    is_open = serializers.BooleanField()
    overlap = serializers.IntegerField(help_text="People per item.")
    priority = serializers.ChoiceField(choices=PRIORITIES)


class SamplesAnswer(serializers.Serializer[Any]):
    items = SampleSerializer(many=True, help_text="The newest first.")


class ChangedAnswer(serializers.Serializer[Any]):
    changed = serializers.BooleanField(help_text="False: it was so already.")


class AbsentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="person_id")
    name = serializers.CharField()
    why = serializers.ChoiceField(choices=[(why.value, why.value) for why in Absence])


class KeptSerializer(AbsentSerializer):
    slots = serializers.IntegerField(help_text="Places kept for them, counted to 5,000.")


class StrandedItemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    image = serializers.IntegerField(source="image_id")
    words = serializers.ListField(child=serializers.CharField())
    names = serializers.ListField(child=serializers.CharField(), help_text="Who had a part in it.")


class StrandedAnswer(serializers.Serializer[Any]):
    """Items that wait although nobody at work may take them."""

    workers = serializers.IntegerField(help_text="Annotators who are given work now.")
    count = serializers.IntegerField()
    is_more = serializers.BooleanField()
    items = StrandedItemSerializer(many=True)
    absent = AbsentSerializer(many=True)
    kept = KeptSerializer(many=True)


class SamplesView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="samples_list", summary="Samples, the latest 100", responses=SamplesAnswer, tags=["items"]
    )
    def get(self, request: Request, slug: str) -> Response:
        facts = [_sample_facts(sample) for sample in samples_of(self.project.pk)]
        return Response(SamplesAnswer({"items": facts}).data)


class SamplePriorityView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="samples_priority",
        summary="Hand a sample out before or after the others",
        request=SamplePrioritySent,
        responses=ChangedAnswer,
        tags=["items"],
    )
    def post(self, request: Request, slug: str, sample_id: int) -> Response:
        changed = set_sample_priority(
            project_id=self.project.pk,
            user_id=self.person.pk,
            sample_id=sample_id if sample_id < 2**63 else 0,
            priority=priority_sent(self.sent(SamplePrioritySent)),
        )
        return Response(ChangedAnswer({"changed": bool(changed)}).data)


class ShareView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="samples_share",
        summary="Keep the next items of a sample for people",
        request=ShareSent,
        responses=DoneAnswer,
        tags=["items"],
    )
    def post(self, request: Request, slug: str, sample_id: int) -> Response:
        sent = self.sent(ShareSent)
        given = assign_share(
            project_id=self.project.pk,
            by_id=self.person.pk,
            sample_id=sample_id if sample_id < 2**63 else 0,
            count=sent["count"],
            person_ids=people_sent(self, sent),
        )
        return done_answer(given.item_ids, {"no_place": given.left_out} if given.left_out else {})


class StrandedView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="items_stranded",
        summary="Items that wait although nobody may take them, and who is missing",
        responses=StrandedAnswer,
        tags=["items"],
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(StrandedAnswer(stranded_in(self.project)).data)


def _sample_facts(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.pk,
        "loop": sample.loop.number,
        "task_kind": sample.task_kind,
        "is_open": sample.is_open,
        "overlap": sample.overlap,
        "priority": Priority(sample.priority).name.lower(),
    }
