"""Numbers: everyone their own, leads the project's."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.selectors.home import status_of
from verification.selectors.work import items_per_day, today_of
from webapp.accounts.models import TokenScope
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action


class DaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    items = serializers.IntegerField()


class OwnNumbers(serializers.Serializer[Any]):
    items_today = serializers.IntegerField()
    seconds_today = serializers.FloatField(help_text="Without idle time.")
    earned_today = serializers.DecimalField(max_digits=12, decimal_places=4)
    currency = serializers.CharField()
    days = DaySerializer(many=True, help_text="The last 14 days, today last.")


class CountSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField()
    is_more = serializers.BooleanField(help_text="There are more; counting stopped.")


class ProjectNumbers(serializers.Serializer[Any]):
    photos = CountSerializer()
    regions = serializers.IntegerField()
    loop = serializers.IntegerField(allow_null=True, help_text="The latest one's number.")
    verdicts_wanted = CountSerializer(help_text="In the latest loop.")
    verdicts_left = CountSerializer()
    people = serializers.DictField(child=serializers.IntegerField(), help_text="By role.")


class OwnStatisticsView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.READ, Action.ANNOTATE)}

    @extend_schema(
        operation_id="statistics_own", summary="Your own work and pay", responses=OwnNumbers, tags=["statistics"]
    )
    def get(self, request: Request, slug: str) -> Response:
        who: dict[str, Any] = {"project_id": self.project.pk, "user_id": self.person.pk}
        today = today_of(**who)
        numbers = {
            "items_today": today.items,
            "seconds_today": today.seconds,
            "earned_today": today.earned,
            "currency": self.project.currency,
            "days": [{"day": day, "items": items} for day, items in items_per_day(**who)],
        }
        return Response(OwnNumbers(numbers).data)


class ProjectStatisticsView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.LEAD, Action.RUN_LOOPS)}

    @extend_schema(
        operation_id="statistics_project",
        summary="Where the project stands",
        responses=ProjectNumbers,
        tags=["statistics"],
    )
    def get(self, request: Request, slug: str) -> Response:
        status = status_of(self.project)
        numbers = {
            "photos": status.photos,
            "regions": status.regions,
            "loop": status.loop.number if status.loop else None,
            "verdicts_wanted": status.asked,
            "verdicts_left": status.left,
            "people": {role.value: count for role, count in status.people.items()},
        }
        return Response(ProjectNumbers(numbers).data)
