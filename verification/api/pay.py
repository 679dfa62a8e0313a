"""Pay: everyone their own, leads everybody's. Entries are those of the ledger, which is only ever added to."""

import math
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.forecast import consumption
from verification.models import TaskKind
from verification.selectors.consumption import usual_consumption
from verification.selectors.pay import (
    LONGEST_PERIOD,
    Earned,
    Period,
    StatementRow,
    earned_by,
    loop_totals,
    person_totals,
    statement_page,
    this_month,
    worked_here,
)
from verification.services.concealment import LARGEST, PAGE, conceal, reveal
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_of
from webapp.api.serializers import PageQuery, StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_OWN = Needs(TokenScope.READ, Action.ANNOTATE)
_LEAD = Needs(TokenScope.LEAD, Action.SEE_PAY)


class PeriodQuery(StrictSerializer):
    """Both days included; the present month when none is named."""

    first = serializers.DateField(required=False)
    last = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = attrs.get("first"), attrs.get("last")
        if (first is None) != (last is None):
            raise serializers.ValidationError({"last" if last is None else "first": [_("Name both days, or none.")]})
        if first and last and (last < first or last - first > LONGEST_PERIOD):
            raise serializers.ValidationError(
                {"last": [_("The last day must come after the first, at most ten years later.")]}
            )
        return attrs


class EntriesQuery(PeriodQuery, PageQuery):
    """A page of a period."""


class OwnEntriesQuery(EntriesQuery):
    """The same; its keys are concealed."""

    after = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)


class ConsumptionQuery(StrictSerializer):
    """What is left out is as the project has it: its pace once 30 verdicts are known, its rate, its annotators."""

    regions = serializers.IntegerField(min_value=1, max_value=10**11, required=False)
    seconds = serializers.FloatField(min_value=0.1, max_value=3600, required=False, help_text="For one verdict.")
    overlap = serializers.IntegerField(min_value=1, max_value=9, required=False, help_text="People per region.")
    people = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    hours_a_day = serializers.FloatField(min_value=0.1, max_value=24, required=False)
    rate = serializers.DecimalField(
        min_value=Decimal(0), max_value=Decimal(1000), max_digits=8, decimal_places=4, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, value in attrs.items():
            if not math.isfinite(value):  # "nan" is a float, and neither too small nor too large
                raise serializers.ValidationError({name: [_("Give a number.")]})
        return attrs


class EarnedSerializer(serializers.Serializer[Any]):
    """verdicts: given less withdrawn; seconds: without idle time."""

    verdicts = serializers.IntegerField()
    seconds = serializers.FloatField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=4)
    currency = serializers.CharField()


class ConsumptionAnswer(serializers.Serializer[Any]):
    """hours: of one person; days: for all people together. measured: verdicts that `seconds` rests on, 0 where it is
    the papers' figure or your own."""

    regions = serializers.IntegerField()
    seconds = serializers.FloatField()
    overlap = serializers.IntegerField()
    people = serializers.IntegerField()
    hours_a_day = serializers.FloatField()
    rate = serializers.DecimalField(max_digits=8, decimal_places=4)
    measured = serializers.IntegerField()
    hours = serializers.FloatField()
    days = serializers.FloatField()
    pay = serializers.DecimalField(max_digits=20, decimal_places=2)
    currency = serializers.CharField()


class PeriodSerializer(serializers.Serializer[Any]):
    first = serializers.DateField()
    last = serializers.DateField()


class OwnPayAnswer(PeriodSerializer):
    earned = EarnedSerializer(many=True, help_text="By currency; none without entries.")


class PersonPaySerializer(EarnedSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class LoopPaySerializer(EarnedSerializer):
    loop = serializers.IntegerField()
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    people = serializers.IntegerField()


class PayAnswer(PeriodSerializer):
    people = PersonPaySerializer(many=True, help_text="In the period, those with most first.")
    loops = LoopPaySerializer(many=True, help_text="So far, the latest first.")


class OwnEntrySerializer(serializers.Serializer[Any]):
    """`withdrawn`: a verdict was undone or sent back, and its pay taken back; the amount is negative then."""

    at = serializers.DateTimeField()
    loop = serializers.IntegerField(source="loop_number")
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    event = serializers.ChoiceField(choices=[("verdict", "verdict"), ("withdrawn", "withdrawn")])
    seconds = serializers.FloatField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=4)
    currency = serializers.CharField()


class EntrySerializer(OwnEntrySerializer):
    entry = serializers.IntegerField(help_text="Its number in the ledger.")


class OwnPayView(ApiView):
    needs: ClassVar = {"GET": _OWN}

    @extend_schema(
        operation_id="pay_own",
        summary="What you earned",
        parameters=[PeriodQuery],
        responses=OwnPayAnswer,
        tags=["pay"],
    )
    def get(self, request: Request, slug: str) -> Response:
        period = _period(self.query(PeriodQuery))
        earned = earned_by(project_id=self.project.pk, user_id=self.person.pk, period=period)
        return Response(OwnPayAnswer({"first": period.first, "last": period.last, "earned": earned}).data)


class OwnEntriesView(ApiView):
    needs: ClassVar = {"GET": _OWN}

    @extend_schema(
        operation_id="pay_own_entries",
        summary="Your statement, entry by entry",
        parameters=[EntriesQuery],
        responses=page_of(OwnEntrySerializer, "OwnEntries"),
        tags=["pay"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The oldest first. Keys of pages are concealed: the ledger's numbers count what everybody did."""
        query = self.query(OwnEntriesQuery)
        after = query.get("after")
        rows, following = _page(self, self.person.pk, query, None if after is None else reveal(after, PAGE))
        shown = None if following is None else conceal(following, PAGE)
        return Response({"items": OwnEntrySerializer(rows, many=True).data, "next": shown})


class PayView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="pay_project",
        summary="What people earned, and what loops cost",
        parameters=[PeriodQuery],
        responses=PayAnswer,
        tags=["pay"],
    )
    def get(self, request: Request, slug: str) -> Response:
        period = _period(self.query(PeriodQuery))
        people = person_totals(project_id=self.project.pk, period=period)
        loops = loop_totals(self.project.pk)
        content = {
            "first": period.first,
            "last": period.last,
            "people": [{"id": row.user_id, "name": row.name, **_sums(row.earned)} for row in people],
            "loops": [
                {"loop": row.loop_number, "task_kind": row.task_kind, "people": row.people, **_sums(row.earned)}
                for row in loops
            ],
        }
        return Response(PayAnswer(content).data)


class PersonEntriesView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="pay_person_entries",
        summary="One person's statement, entry by entry",
        parameters=[EntriesQuery],
        responses=page_of(EntrySerializer, "Entries"),
        tags=["pay"],
    )
    def get(self, request: Request, slug: str, user_id: int) -> Response:
        """The oldest first; also of people who have left the project."""
        if user_id >= 2**63 or not worked_here(project_id=self.project.pk, user_id=user_id):
            raise NotFound(_("This person has no work in the project."))
        query = self.query(EntriesQuery)
        rows, following = _page(self, user_id, query, query.get("after"))
        return Response({"items": EntrySerializer(rows, many=True).data, "next": following})


class ForecastView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="pay_forecast",
        summary="What judging so many regions takes: hours, days, money",
        parameters=[ConsumptionQuery],
        responses=ConsumptionAnswer,
        tags=["pay"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The consumption analysis of the papers with your own numbers."""
        query = self.query(ConsumptionQuery)
        values = asdict(usual_consumption(self.project)) | query
        measured = values.pop("measured")
        found = consumption(**values)
        content = {
            **values,
            "measured": 0 if "seconds" in query else measured,
            "hours": found.hours,
            "days": found.days,
            "pay": found.pay,
            "currency": self.project.currency,
        }
        return Response(ConsumptionAnswer(content).data)


def _page(
    view: ApiView, user_id: int, query: dict[str, Any], after: int | None
) -> tuple[list[StatementRow], int | None]:
    return statement_page(
        project_id=view.project.pk, user_id=user_id, period=_period(query), after=after, limit=query["limit"]
    )


def _period(query: dict[str, Any]) -> Period:
    return Period(query["first"], query["last"]) if "first" in query else this_month()


def _sums(earned: Earned) -> dict[str, Any]:
    return {name: getattr(earned, name) for name in ("verdicts", "seconds", "amount", "currency")}
