"""Finished exports as files: whole, in parts, or not at all when the client has them."""

from collections.abc import Iterator
from pathlib import Path

from django.http import FileResponse, HttpResponse, HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from verification.exports.formats.registry import FORMATS
from verification.exports.schemas import schema_file
from verification.models import Export, ExportFormat, ExportState
from verification.selectors.exports import export_of
from verification.services.export_files import META_SUFFIX
from verification.services.exports import export_path
from verification.views.consumer.ranges import Unsatisfiable, byte_range
from webapp.core.errors import Conflict, Gone, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

CHUNK = 256 * 1024


@project_view(Action.EXPORT)
@require_safe
def download(request: ProjectRequest, export_id: int) -> HttpResponseBase:
    """The file. Its ETag is the file's sha256, so an interrupted download goes on by Range with If-Range."""
    export = export_of(project=request.project, export_id=export_id)
    path = _finished_file(export)
    etag, size = f'"{export.sha256}"', path.stat().st_size
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _described(HttpResponseNotModified(), etag)
    try:
        part = byte_range(_range_header(request, etag), size)
    except Unsatisfiable:
        refusal = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        return _described(refusal, etag)
    start, stop = part or (0, size)
    response = StreamingHttpResponse(_chunks(path, start, stop), status=206 if part else 200)
    response["Content-Type"] = FORMATS[ExportFormat(export.format)].content_type
    response["Content-Length"] = str(stop - start)
    response["Content-Disposition"] = f'attachment; filename="{file_name(export)}"'
    if part:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return _described(response, etag)


@project_view(Action.EXPORT)
@require_safe
def download_meta(request: ProjectRequest, export_id: int) -> HttpResponseBase:
    """What the file holds: schema, filters, counts, time of the snapshot, digest."""
    export = export_of(project=request.project, export_id=export_id)
    path = _finished_file(export)
    meta = path.with_name(path.name + META_SUFFIX)
    if not meta.is_file():
        raise _gone()
    return FileResponse(
        meta.open("rb"), as_attachment=True, filename=file_name(export) + META_SUFFIX, content_type="application/json"
    )


@project_view(Action.EXPORT)
@require_safe
def schema(request: ProjectRequest, version: str) -> HttpResponseBase:
    """The JSON Schema of one version of records."""
    path = schema_file(version)
    if path is None:
        raise NotFound(_("There is no schema %(version)s.") % {"version": version})
    return FileResponse(path.open("rb"), content_type="application/schema+json", filename=path.name)


def file_name(export: Export) -> str:
    """What the browser saves it as: `argus-street-tags-12.jsonl`. A slug needs no quoting."""
    return f"argus-{export.project.slug}-{export.kind}-{export.pk}{FORMATS[ExportFormat(export.format)].suffix}"


def _finished_file(export: Export) -> Path:
    if export.state == ExportState.WITHDRAWN:
        raise Gone(
            _(
                "This export was withdrawn: something in it was taken down on request. Delete your copies of it, "
                "and export again."
            ),
            code="withdrawn",
        )
    if export.state != ExportState.DONE:
        raise Conflict(_("This export is not finished, so there is no file. Wait for it, or ask for another one."))
    path = export_path(export)
    if not path.is_file():
        raise _gone()
    return path


def _gone() -> Gone:
    return Gone(_("The file of this export was removed from the server. Ask for a new export."))


def _range_header(request: ProjectRequest, etag: str) -> str | None:
    """The Range header, unless the client's part is of another file (If-Range). HEAD knows no ranges."""
    if request.method != "GET" or request.headers.get("If-Range", etag).strip() != etag:
        return None
    return request.headers.get("Range")


def _described(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, no_cache=True, no_transform=True)
    return response


def _chunks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(start)
        while start < stop and (chunk := stream.read(min(CHUNK, stop - start))):
            start += len(chunk)
            yield chunk
