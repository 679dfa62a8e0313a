"""Audits and the accuracy they tell: drawn, watched and closed by leads. Experts' work on them: audit_work.py."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.pipeline.cleaning import SizeClass
from verification.accuracy import BAND_COUNT, SOURCES, Cell, Heat
from verification.api.loops import find_loop_of
from verification.api.shares import ShareSerializer
from verification.models import Audit, AuditKind, AuditPopulation
from verification.selectors.accuracy import AuditFigures, accuracy_by_loop, figures_of_loop
from verification.selectors.audits import AuditProgress, progress_of
from verification.services.audit_draws import MOST, OVERLAP_SHARE, SIZE, request_audit
from verification.services.audits import close_audit
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_by_key, page_of
from webapp.api.serializers import PageQuery, StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.models import Project
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.RUN_LOOPS)
SIZE_NAMES = [(size.name.lower(), size.name.lower()) for size in SizeClass]
SOURCE_NAMES = [(str(role.name).lower(), str(role.name).lower()) for role in SOURCES]


class AuditSent(StrictSerializer):
    population = serializers.ChoiceField(choices=AuditPopulation.choices, default=AuditPopulation.MODEL)
    task_kind = serializers.ChoiceField(choices=AuditKind.choices, default=AuditKind.TAG)
    size = serializers.IntegerField(min_value=1, max_value=MOST, default=SIZE)
    overlap_share = serializers.FloatField(
        min_value=0, max_value=1, default=OVERLAP_SHARE, help_text="Of the items: judged by two experts."
    )


class AuditSerializer(serializers.Serializer[Any]):
    """`judged` of its `items` have a judgement; `done` of the `slots` that are wanted in all."""

    STATES = (("drawing", "drawing"), ("refused", "refused"), ("open", "open"), ("closed", "closed"))

    id = serializers.IntegerField()
    loop = serializers.IntegerField()
    population = serializers.ChoiceField(choices=AuditPopulation.choices)
    task_kind = serializers.ChoiceField(choices=AuditKind.choices)
    frame_size = serializers.IntegerField(help_text="How many rows it was drawn from, about.")
    overlap_share = serializers.FloatField()
    is_open = serializers.BooleanField(help_text="It was not closed.")
    state = serializers.ChoiceField(choices=STATES, help_text="open: its items are handed out to experts.")
    error = serializers.CharField(allow_blank=True, help_text="Why it was refused: why it could not be drawn.")
    created_at = serializers.DateTimeField()
    items = serializers.IntegerField()
    judged = serializers.IntegerField()
    slots = serializers.IntegerField()
    done = serializers.IntegerField()


class ExpertsAgreementSerializer(serializers.Serializer[Any]):
    """Of two experts on the same items. kappa: Cohen's, null where it says nothing."""

    items = serializers.IntegerField()
    answers = serializers.IntegerField()
    share = serializers.FloatField()
    kappa = serializers.FloatField(allow_null=True)


class SizeCellSerializer(serializers.Serializer[Any]):
    """The first tags (or answers) of one source and one size of regions."""

    proposed_by = serializers.ChoiceField(choices=SOURCE_NAMES)
    size = serializers.ChoiceField(choices=SIZE_NAMES)
    items = serializers.IntegerField()
    share = ShareSerializer(allow_null=True)


class BandCellSerializer(serializers.Serializer[Any]):
    """The first tags (or answers) of one source and one band of frequency of the concept, 0 being the rarest."""

    proposed_by = serializers.ChoiceField(choices=SOURCE_NAMES)
    band = serializers.IntegerField(min_value=0, max_value=BAND_COUNT - 1)
    items = serializers.IntegerField()
    share = ShareSerializer(allow_null=True)


class AuditFiguresSerializer(AuditSerializer):
    """first: the first tag is right, or the answer correct; candidates: single tags are what the row says of them;
    any_of_five: one of the tags is right. Weighted by design; null where nothing is judged, or for answers."""

    first = ShareSerializer(allow_null=True)
    candidates = ShareSerializer(allow_null=True)
    any_of_five = ShareSerializer(allow_null=True)
    unclear = serializers.IntegerField(help_text="Items that could not be told from the photo.")
    agreement = ExpertsAgreementSerializer(allow_null=True)
    by_size = SizeCellSerializer(many=True)
    by_band = BandCellSerializer(many=True)


class LoopFiguresSerializer(serializers.Serializer[Any]):
    loop = serializers.IntegerField()
    audits = AuditFiguresSerializer(many=True)


class LoopAccuracySerializer(serializers.Serializer[Any]):
    """A loop's first tags and answers, and the same of what people verified; null where no audit tells it."""

    loop = serializers.IntegerField()
    tags = ShareSerializer(allow_null=True)
    qa = ShareSerializer(allow_null=True)
    verified = ShareSerializer(allow_null=True)
    verified_qa = ShareSerializer(allow_null=True)


class AccuracyAnswer(serializers.Serializer[Any]):
    items = LoopAccuracySerializer(many=True)


class ClosedAnswer(serializers.Serializer[Any]):
    closed = serializers.BooleanField(help_text="False: it was closed before.")


class AuditsView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="audits_list",
        summary="All audits, the newest first",
        parameters=[PageQuery],
        responses=page_of(AuditSerializer, "Audits"),
        tags=["audits"],
    )
    def get(self, request: Request, slug: str) -> Response:
        query = self.query(PageQuery)
        audits, following = page_by_key(
            Audit.objects.filter(project=self.project).select_related("loop"),
            after=query.get("after"),
            limit=query["limit"],
            newest_first=True,
        )
        items = [_facts(progress) for progress in progress_of(audits)]
        return Response({"items": AuditSerializer(items, many=True).data, "next": following})


class LoopAuditsView(ApiView):
    needs: ClassVar = {"GET": _LEAD, "POST": _LEAD}

    @extend_schema(
        operation_id="audits_figures",
        summary="What a loop's audits say so far",
        responses=LoopFiguresSerializer,
        tags=["audits"],
    )
    def get(self, request: Request, slug: str, loop_number: int) -> Response:
        """Accuracy with intervals: in all, by source and size of the region, by source and frequency of the concept."""
        loop = find_loop_of(self.project, loop_number)
        found = [_figures(figures) for figures in figures_of_loop(loop)]
        return Response(LoopFiguresSerializer({"loop": loop.number, "audits": found}).data)

    @extend_schema(
        operation_id="audits_draw",
        summary="Have one of a loop's audits drawn",
        request=AuditSent,
        responses={202: AuditSerializer},
        tags=["audits"],
    )
    def post(self, request: Request, slug: str, loop_number: int) -> Response:
        """A worker draws it; look at its state. Drawn once for each population and kind: the same request again is the
        same audit, and tries again one that could not be drawn."""
        sent = self.sent(AuditSent)
        audit = request_audit(
            loop=find_loop_of(self.project, loop_number),
            population=AuditPopulation(sent["population"]),
            task_kind=AuditKind(sent["task_kind"]),
            size=sent["size"],
            overlap_share=sent["overlap_share"],
            user=self.person,
        )
        (progress,) = progress_of([audit])
        return Response(AuditSerializer(_facts(progress)).data, status=status.HTTP_202_ACCEPTED)


class AuditView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="audits_read", summary="How far an audit is", responses=AuditSerializer, tags=["audits"]
    )
    def get(self, request: Request, slug: str, audit_id: int) -> Response:
        (progress,) = progress_of([find_audit(self.project, audit_id)])
        return Response(AuditSerializer(_facts(progress)).data)


class CloseAuditView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="audits_close",
        summary="Hand out no more of an audit's items",
        request=None,
        responses=ClosedAnswer,
        tags=["audits"],
    )
    def post(self, request: Request, slug: str, audit_id: int) -> Response:
        """What was judged counts."""
        audit = find_audit(self.project, audit_id)
        return Response(ClosedAnswer({"closed": close_audit(audit=audit, user=self.person)}).data)


class AccuracyView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="accuracy_by_loop",
        summary="Accuracy from loop to loop, with intervals",
        responses=AccuracyAnswer,
        tags=["audits"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The oldest first; cancelled loops are left out."""
        names = ("tags", "qa", "verified", "verified_qa")
        rows = [
            {"loop": row.loop.number, **{name: getattr(row, name) for name in names}}
            for row in accuracy_by_loop(self.project.pk)
        ]
        return Response(AccuracyAnswer({"items": rows}).data)


def find_audit(project: Project, audit_id: int) -> Audit:
    """Raises NotFound."""
    audit = Audit.objects.filter(project=project, pk=audit_id).first() if audit_id < 2**63 else None
    if audit is None:
        raise NotFound(_("This project has no such audit."))
    return audit


def _facts(progress: AuditProgress) -> dict[str, Any]:
    audit = progress.audit
    names = ("id", "population", "task_kind", "frame_size", "overlap_share", "is_open", "error", "created_at")
    counts = ("items", "judged", "slots", "done")
    return {
        "loop": audit.loop.number,
        "state": _state(audit),
        **{name: getattr(audit, name) for name in names},
        **{name: getattr(progress, name) for name in counts},
    }


def _state(audit: Audit) -> str:
    if audit.drawn_at is None:
        return "refused" if audit.error else "drawing"
    return "open" if audit.is_open else "closed"


def _figures(figures: AuditFigures) -> dict[str, Any]:
    told = figures.accuracy
    names = ("first", "candidates", "any_of_five", "unclear", "agreement")
    return {
        **_facts(figures.progress),
        **{name: getattr(told, name) for name in names},
        "by_size": [
            _cell(source, cell) | {"size": SizeClass(size).name.lower()}
            for source, size, cell in _cells(figures.by_size)
        ],
        "by_band": [_cell(source, cell) | {"band": band} for source, band, cell in _cells(figures.by_band)],
    }


def _cells(heat: Heat) -> list[tuple[str, int, Cell]]:
    """(source, column, cell) of the cells that hold items."""
    return [
        (str(role.name).lower(), column, cell)
        for role, cells in heat.rows
        for column, cell in zip(heat.columns, cells, strict=True)
        if cell.items
    ]


def _cell(source: str, cell: Cell) -> dict[str, Any]:
    return {"proposed_by": source, "items": cell.items, "share": cell.share}
