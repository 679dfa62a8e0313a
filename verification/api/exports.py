"""Exports: ask for one, watch it, fetch the file in parts. The file comes from the view of the pages."""

from typing import Any, ClassVar

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from verification.exports.filters import MOST_CONCEPTS, SIZES, SOURCES
from verification.models import Export, ExportFormat, ExportKind, ExportState
from verification.selectors.export_previews import preview_of
from verification.selectors.exports import export_of
from verification.services.export_choices import wanted_export
from verification.services.exports import cancel_export, request_export
from verification.views.consumer.downloads import download, download_meta
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_by_key, page_of
from webapp.api.serializers import PageQuery, StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action

_EXPORT = Needs(TokenScope.EXPORT, Action.EXPORT)


class ExportSent(StrictSerializer):
    kind = serializers.ChoiceField(choices=ExportKind.choices)
    loop = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, allow_null=True, help_text="Only what was last judged in it."
    )
    format = serializers.ChoiceField(choices=ExportFormat.choices, required=False)
    with_photos = serializers.BooleanField(required=False, help_text="Put the photos into the file (yolo).")
    concepts = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=MOST_CONCEPTS, required=False, help_text="Tags by name."
    )
    sizes = serializers.ListField(child=serializers.ChoiceField(choices=list(SIZES)), required=False)
    sources = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SOURCES)), required=False, help_text="Who proposed the tag."
    )
    since = serializers.DateField(required=False, help_text="Day (UTC) of the last judgement.")
    until = serializers.DateField(required=False)


class ExportSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ExportKind.choices)
    format = serializers.ChoiceField(choices=ExportFormat.choices)
    with_photos = serializers.BooleanField()
    filters = serializers.DictField()
    state = serializers.ChoiceField(choices=ExportState.choices)
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField(allow_null=True)
    file_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="Of the finished file.")
    schema_version = serializers.CharField()
    error = serializers.CharField(help_text="Why it failed; empty otherwise.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ExportPreviewAnswer(serializers.Serializer[Any]):
    """Not exact: `low` to `high` covers the number in 95 of 100 such estimates."""

    count = serializers.IntegerField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()
    is_exact = serializers.BooleanField()


class ExportsView(ApiView):
    needs: ClassVar = {"GET": _EXPORT, "POST": _EXPORT}

    @extend_schema(
        operation_id="exports_list",
        summary="Exports, the newest first",
        parameters=[PageQuery],
        responses=page_of(ExportSerializer, "Exports"),
        tags=["exports"],
    )
    def get(self, request: Request, slug: str) -> Response:
        query = self.query(PageQuery)
        exports, following = page_by_key(
            Export.objects.filter(project=self.project),
            after=query.get("after"),
            limit=query["limit"],
            newest_first=True,
        )
        return Response({"items": ExportSerializer(exports, many=True).data, "next": following})

    @extend_schema(
        operation_id="exports_create",
        summary="Ask for an export",
        request=ExportSent,
        responses={202: ExportSerializer},
        tags=["exports"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """A worker writes it. The same request again, while it is not finished, is the same export."""
        sent = self.sent(ExportSent)
        export = request_export(project=self.project, user=self.person, **sent)
        return Response(ExportSerializer(export).data, status=status.HTTP_202_ACCEPTED)


class ExportPreviewView(ApiView):
    needs: ClassVar = {"POST": _EXPORT}

    @extend_schema(
        operation_id="exports_preview",
        summary="How many records an export would hold",
        request=ExportSent,
        responses=ExportPreviewAnswer,
        tags=["exports"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Counted where that is quick, else estimated. Nothing is written."""
        wanted = wanted_export(project=self.project, **self.sent(ExportSent))
        return Response(ExportPreviewAnswer(preview_of(wanted)).data)


class ExportView(ApiView):
    needs: ClassVar = {"GET": _EXPORT}

    @extend_schema(operation_id="exports_get", summary="One export", responses=ExportSerializer, tags=["exports"])
    def get(self, request: Request, slug: str, export_id: int) -> Response:
        return Response(ExportSerializer(export_of(project=self.project, export_id=export_id)).data)


class CancelExportView(ApiView):
    needs: ClassVar = {"POST": _EXPORT}

    @extend_schema(
        operation_id="exports_cancel",
        summary="Stop an export",
        request=None,
        responses=ExportSerializer,
        tags=["exports"],
    )
    def post(self, request: Request, slug: str, export_id: int) -> Response:
        export = export_of(project=self.project, export_id=export_id)
        cancel_export(export=export)
        return Response(ExportSerializer(export).data)


class _AnyFile(BaseRenderer):
    """Lets a client ask for any type; the bytes come from the view of the pages."""

    media_type = "*/*"
    format = "file"
    render_style = "binary"


class ExportFileView(ApiView):
    needs: ClassVar = {"GET": _EXPORT}
    renderer_classes = (JSONRenderer, _AnyFile)

    @extend_schema(
        operation_id="exports_file",
        summary="The finished file, whole or in part",
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=START-: goes on from there."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag of the part you have."),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            (206, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
        },
        tags=["exports"],
    )
    def get(self, request: Request, slug: str, export_id: int) -> HttpResponseBase:
        """Its ETag is the file's sha256. 409: not finished; 410: removed."""
        return download(request._request, slug=slug, export_id=export_id)  # noqa: SLF001


class ExportMetaView(ApiView):
    needs: ClassVar = {"GET": _EXPORT}
    renderer_classes = (JSONRenderer, _AnyFile)

    @extend_schema(
        operation_id="exports_meta",
        summary="What the file holds: schema, filters, counts, time, digest",
        responses={200: OpenApiTypes.OBJECT},
        tags=["exports"],
    )
    def get(self, request: Request, slug: str, export_id: int) -> HttpResponseBase:
        return download_meta(request._request, slug=slug, export_id=export_id)  # noqa: SLF001
