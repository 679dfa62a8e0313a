"""The quality board: how often people are right, how far they agree. For leads alone."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.agreement import Estimate
from verification.api.shares import ScoreSerializer, score_facts
from verification.selectors.expert_agreement import ExpertAgreement, agreement_by_expert, agreement_of_experts
from verification.selectors.overlap import LABELS, Overlap, overlaps_of
from verification.selectors.quality import CONCERNS, Person, quality_board
from webapp.accounts.models import TokenScope
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.SEE_QUALITY)


class ReviewedPackageSerializer(serializers.Serializer[Any]):
    package = serializers.IntegerField(source="package_id")
    right = serializers.IntegerField()
    items = serializers.IntegerField()
    accepted = serializers.BooleanField()
    decided_at = serializers.DateTimeField()


class AnnotatorSerializer(serializers.Serializer[Any]):
    """experts, gold: how often this person was right by experts' rulings, and on gold items. seconds: the median of an
    item; pace: that against the team's, null when too little is known. concerns: what speaks for having a look."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    experts = ScoreSerializer()
    gold = ScoreSerializer()
    seconds = serializers.FloatField(allow_null=True)
    pace = serializers.FloatField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    paused_at = serializers.DateTimeField(allow_null=True)
    requalify_since = serializers.DateTimeField(allow_null=True)
    concerns = serializers.ListField(child=serializers.ChoiceField(choices=[(code, code) for code in CONCERNS]))
    packages = ReviewedPackageSerializer(many=True, help_text="The latest, the oldest of them first.")


class BoardAnswer(serializers.Serializer[Any]):
    threshold = serializers.FloatField(help_text="The share of right items that packages need.")
    people = AnnotatorSerializer(many=True, help_text="Who needs help first.")


class EstimateSerializer(serializers.Serializer[Any]):
    """A figure with its 95 % bootstrap interval; null when nothing can be said."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    units = serializers.IntegerField(help_text="Decisions it rests on.")


class PairAgreementSerializer(serializers.Serializer[Any]):
    first = serializers.CharField()
    second = serializers.CharField()
    items = serializers.IntegerField()
    kappa = EstimateSerializer(help_text="Cohen's.")


class ErrorRateSerializer(serializers.Serializer[Any]):
    """How often one person probably errs (Dawid-Skene). missed, struck: wrong tags left and right ones marked."""

    name = serializers.CharField()
    decisions = serializers.IntegerField()
    missed = serializers.FloatField(allow_null=True)
    struck = serializers.FloatField(allow_null=True)
    wrong = serializers.FloatField()


class OverlapSerializer(serializers.Serializer[Any]):
    """The latest items that several people judged. overruled: decisions where Dawid-Skene differs from the majority."""

    task_kind = serializers.ChoiceField(choices=[(kind, kind) for kind in LABELS])
    items = serializers.IntegerField()
    decisions = serializers.IntegerField()
    alpha = EstimateSerializer(help_text="Krippendorff's.")
    overruled = serializers.IntegerField()
    pairs = PairAgreementSerializer(many=True)
    rates = ErrorRateSerializer(many=True)


class SecondLooksSerializer(serializers.Serializer[Any]):
    """`same` of the `items` that two experts ruled on alike. kappa: Cohen's, null where it says nothing."""

    items = serializers.IntegerField()
    same = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    kappa = serializers.FloatField(allow_null=True)


class ExpertSerializer(SecondLooksSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class AgreementAnswer(serializers.Serializer[Any]):
    annotators = OverlapSerializer(many=True)
    experts = SecondLooksSerializer(help_text="All together.")
    by_expert = ExpertSerializer(many=True, help_text="Each with the others.")


class QualityView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="quality_board", summary="How everybody's work is", responses=BoardAnswer, tags=["quality"]
    )
    def get(self, request: Request, slug: str) -> Response:
        people = [person_facts(person) for person in quality_board(self.project)]
        return Response(BoardAnswer({"threshold": self.project.package_threshold, "people": people}).data)


class AgreementView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="quality_agreement",
        summary="How far annotators, and experts, agree with each other",
        responses=AgreementAnswer,
        tags=["quality"],
    )
    def get(self, request: Request, slug: str) -> Response:
        by_expert = agreement_by_expert(project_id=self.project.pk)
        content = {
            "annotators": [_overlap(overlap) for overlap in overlaps_of(self.project.pk)],
            "experts": _looks(agreement_of_experts(project_id=self.project.pk)),
            "by_expert": [{"id": row.expert_id, "name": row.name, **_looks(row.agreement)} for row in by_expert],
        }
        return Response(AgreementAnswer(content).data)


def person_facts(person: Person) -> dict[str, Any]:
    names = ("name", "seconds", "pace", "last_at", "paused_at", "requalify_since", "concerns")
    return {
        "id": person.user_id,
        **{name: getattr(person, name) for name in names},
        "experts": score_facts(person.experts),
        "gold": score_facts(person.gold),
        "packages": person.trend,
    }


def _overlap(overlap: Overlap) -> dict[str, Any]:
    names = ("items", "decisions", "overruled", "rates")
    return {
        "task_kind": overlap.kind,
        **{name: getattr(overlap, name) for name in names},
        "alpha": _told(overlap.alpha),
        "pairs": [
            {"first": pair.first, "second": pair.second, "items": pair.items, "kappa": _told(pair.kappa)}
            for pair in overlap.pairs
        ],
    }


def _told(estimate: Estimate) -> dict[str, Any]:
    return {name: getattr(estimate, name) for name in ("value", "low", "high", "units")}


def _looks(agreement: ExpertAgreement) -> dict[str, Any]:
    low, high = agreement.interval if agreement.items else (None, None)
    names = ("items", "same", "share", "kappa")
    return {**{name: getattr(agreement, name) for name in names}, "low": low, "high": high}
