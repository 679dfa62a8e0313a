"""Loops: list, start, progress, cancel. For leads."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import Loop, LoopState
from annotation.pipeline.loop_configs import SamplingConfig
from verification.selectors.loops import find_loop, status_of_loop
from verification.services.loops import cancel_loop, start_loop
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_by_key, page_of
from webapp.api.serializers import PageQuery, StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.models import Project
from webapp.projects.policies import Action

STAGE_STATES = [(state, state) for state in ("waiting", "now", "done", "failed", "cancelled")]
_LEAD = Needs(TokenScope.LEAD, Action.RUN_LOOPS)


class LoopSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=LoopState.choices)
    parent = serializers.IntegerField(allow_null=True, source="parent_number")  # type: ignore[assignment]
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    config_digest = serializers.CharField()
    error = serializers.CharField(help_text="Why it failed; empty otherwise.")


class StageSerializer(serializers.Serializer[Any]):
    """`done` of `total` shards, or verdicts where people work."""

    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STAGE_STATES)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    failed_images = serializers.IntegerField(source="failed")
    seconds_left = serializers.FloatField(source="left", allow_null=True)


class PeopleSerializer(serializers.Serializer[Any]):
    """How far people are: `done` of `total` verdicts."""

    items = serializers.IntegerField()
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    working = serializers.IntegerField()
    with_lead = serializers.IntegerField()


class LoopProgressSerializer(LoopSerializer):
    stages = StageSerializer(many=True)
    people = PeopleSerializer(allow_null=True)


class SamplingSent(StrictSerializer):
    """How the sample is to be drawn; what is left out, the quotas of the concepts decide."""

    budget = serializers.IntegerField(
        min_value=1, max_value=10_000_000, required=False, allow_null=True, help_text="Items at most; else by quota."
    )
    min_frequency = serializers.IntegerField(
        min_value=1, max_value=10**9, default=1, help_text="Concepts on at least so many regions."
    )
    max_concepts = serializers.IntegerField(
        min_value=1, max_value=10**8, required=False, allow_null=True, help_text="The most frequent ones stay."
    )
    question_budget = serializers.IntegerField(
        min_value=0,
        max_value=10_000_000,
        required=False,
        allow_null=True,
        help_text="Questions at most; else one for two tag items.",
    )


class LoopsView(ApiView):
    needs: ClassVar = {"GET": _LEAD, "POST": _LEAD}

    @extend_schema(
        operation_id="loops_list",
        summary="All loops, the newest first",
        parameters=[PageQuery],
        responses=page_of(LoopSerializer, "Loops"),
        tags=["loops"],
    )
    def get(self, request: Request, slug: str) -> Response:
        query = self.query(PageQuery)
        loops, following = page_by_key(
            Loop.objects.filter(project=self.project).select_related("parent"),
            after=query.get("after"),
            limit=query["limit"],
            newest_first=True,
        )
        return Response(
            {"items": LoopSerializer([loop_facts(loop) for loop in loops], many=True).data, "next": following}
        )

    @extend_schema(
        operation_id="loops_start",
        summary="Start the next loop",
        request=SamplingSent,
        responses={201: LoopSerializer},
        tags=["loops"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """409: one is running, there are no photos, or nothing is annotated yet."""
        sampling = SamplingConfig(**self.sent(SamplingSent))
        loop = start_loop(project=self.project, user=self.person, sampling=sampling)
        return Response(LoopSerializer(loop_facts(loop)).data, status=status.HTTP_201_CREATED)


class LoopView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="loops_get", summary="One loop with its progress", responses=LoopProgressSerializer, tags=["loops"]
    )
    def get(self, request: Request, slug: str, loop_number: int) -> Response:
        loop = find_loop_of(self.project, loop_number)
        state = status_of_loop(loop)
        return Response(
            LoopProgressSerializer({**loop_facts(loop), "stages": state.stages, "people": state.people}).data
        )


class CancelLoopView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="loops_cancel",
        summary="Stop a loop for good",
        request=None,
        responses=LoopSerializer,
        tags=["loops"],
    )
    def post(self, request: Request, slug: str, loop_number: int) -> Response:
        """Verdicts and pay stand. Cancelling one that is over changes nothing."""
        loop = find_loop_of(self.project, loop_number)
        cancel_loop(loop=loop, user=self.person)
        return Response(LoopSerializer(loop_facts(loop)).data)


def find_loop_of(project: Project, number: int) -> Loop:
    """Raises NotFound."""
    loop = find_loop(project_id=project.pk, number=number) if number < 2**31 else None
    if loop is None:
        raise NotFound(_("This project has no such loop."))
    return loop


def loop_facts(loop: Loop) -> dict[str, Any]:
    """What answers hold of a loop."""
    return {
        "number": loop.number,
        "state": loop.state,
        "parent_number": loop.parent.number if loop.parent else None,
        "started_at": loop.started_at,
        "finished_at": loop.finished_at,
        "config_digest": loop.config_digest,
        "error": loop.error,
    }
