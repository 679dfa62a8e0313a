"""What leads do to a loop besides starting it: look ahead, close its verification, retry it, read what failed."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.pipeline.loop_configs import SamplingConfig
from verification.api.loops import LoopSerializer, SamplingSent, find_loop_of, loop_facts
from verification.selectors.loops import failed_images
from verification.selectors.start_conditions import start_conditions
from verification.services.loops import annotate_new_photos, close_verification, retry_loop
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_of
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.RUN_LOOPS)


class FailuresQuery(StrictSerializer):
    after = serializers.IntegerField(min_value=0, max_value=2**62, default=0)


class ForecastSerializer(serializers.Serializer[Any]):
    """hours and pay: of all people together. answers: those that will have to be written, about."""

    items = serializers.IntegerField()
    verdicts = serializers.IntegerField()
    hours = serializers.FloatField()
    pay = serializers.DecimalField(max_digits=16, decimal_places=2)


class QuestionForecastSerializer(ForecastSerializer):
    answers = serializers.IntegerField()


class ConceptShareSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="concept_id")
    text = serializers.CharField()
    frequency = serializers.IntegerField(help_text="Regions on which it stands first.")
    expected = serializers.FloatField(source="quota", help_text="Regions taken, on average.")


class SamplePreviewSerializer(serializers.Serializer[Any]):
    """regions, concepts: of the frame. half_width: of the 95 % interval of an estimate from this sample, at its widest.
    is_exact: counted; else at most so many."""

    items = serializers.IntegerField()
    regions = serializers.IntegerField()
    concepts = serializers.IntegerField()
    concepts_seen = serializers.IntegerField(source="seen")
    half_width = serializers.FloatField()
    is_exact = serializers.BooleanField()
    regions_below = serializers.IntegerField(help_text="Left out by the minimum frequency.")
    regions_cut = serializers.IntegerField(help_text="Left out by the number of concepts.")
    verified_before = serializers.IntegerField(allow_null=True)
    most_frequent = ConceptShareSerializer(many=True, source="rows")


class NextLoopAnswer(serializers.Serializer[Any]):
    """What the next loop would ask of people. Nothing is drawn. The parts are null while too little is known."""

    number = serializers.IntegerField()
    may_start = serializers.BooleanField()
    running = serializers.IntegerField(allow_null=True, help_text="The loop that must end first.")
    photos = serializers.IntegerField(help_text="Counted to 100,001.")
    new_photos = serializers.IntegerField(help_text="Not annotated yet.")
    annotators = serializers.IntegerField()
    currency = serializers.CharField()
    sample = SamplePreviewSerializer(allow_null=True)
    tags = ForecastSerializer(allow_null=True)
    questions = QuestionForecastSerializer(allow_null=True)


class FailedImageSerializer(serializers.Serializer[Any]):
    image = serializers.IntegerField(source="image_id")
    name = serializers.CharField()
    stage = serializers.CharField()
    role = serializers.CharField()
    reason = serializers.CharField()


class ClosedLoopAnswer(LoopSerializer):
    closed = serializers.BooleanField(help_text="False: it was closed already.")


class NextLoopView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="loops_next",
        summary="What the next loop would ask of people: items, hours, money",
        parameters=[SamplingSent],
        responses=NextLoopAnswer,
        tags=["loops"],
    )
    def get(self, request: Request, slug: str) -> Response:
        query = self.query(SamplingSent)
        found = start_conditions(self.project, SamplingConfig(**query))
        content = {
            "number": found.number,
            "may_start": found.may_start,
            "running": found.running.number if found.running else None,
            "photos": found.photos,
            "new_photos": found.new_photos,
            "annotators": found.annotators,
            "currency": self.project.currency,
            "sample": found.preview,
            "tags": found.forecast,
            "questions": found.questions,
        }
        return Response(NextLoopAnswer(content).data)


class CloseVerificationView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="loops_close_verification",
        summary="Hand out no more items and go on with what people said",
        request=None,
        responses=ClosedLoopAnswer,
        tags=["loops"],
    )
    def post(self, request: Request, slug: str, loop_number: int) -> Response:
        loop = find_loop_of(self.project, loop_number)
        closed = close_verification(loop=loop, user=self.person)
        return Response(ClosedLoopAnswer({**loop_facts(loop), "closed": closed}).data)


class RetryLoopView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="loops_retry",
        summary="Let a failed loop try its failed parts again",
        request=None,
        responses=LoopSerializer,
        tags=["loops"],
    )
    def post(self, request: Request, slug: str, loop_number: int) -> Response:
        loop = find_loop_of(self.project, loop_number)
        retry_loop(loop=loop, user=self.person)
        loop.refresh_from_db()
        return Response(LoopSerializer(loop_facts(loop)).data)


class FailuresView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="loops_failures",
        summary="Photos that failed in a loop, and why",
        parameters=[FailuresQuery],
        responses=page_of(FailedImageSerializer, "FailedImages"),
        tags=["loops"],
    )
    def get(self, request: Request, slug: str, loop_number: int) -> Response:
        loop = find_loop_of(self.project, loop_number)
        rows, following = failed_images(loop, after=self.query(FailuresQuery)["after"])
        return Response({"items": FailedImageSerializer(rows, many=True).data, "next": following})


class NewPhotosView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="loops_new_photos",
        summary="Annotate the photos that came in since",
        request=None,
        responses={202: LoopSerializer},
        tags=["loops"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """The loop that annotated the project goes on with them. 409 when there are none, or a loop runs."""
        loop = annotate_new_photos(project=self.project, user=self.person)
        return Response(LoopSerializer(loop_facts(loop)).data, status=status.HTTP_202_ACCEPTED)
