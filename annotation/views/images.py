"""Derivatives of photos. Nothing is decoded here: workers made the WebP files, this hands out their bytes."""

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.selectors.images import StoredFile, Variant, stored_file
from webapp.core.errors import NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

CONTENT_TYPE = "image/webp"
# The address names a photo whose bytes never change, so browsers need not ask again within a year.
CACHE_CONTROL = "private, max-age=31536000, immutable"


@project_view(Action.SEE_IMAGES)
@require_safe
def image_file(request: ProjectRequest, image_id: int, variant: str) -> HttpResponseBase:
    """The `display` or `thumbnail` copy of a photo. Raises NotFound with the reason that pages show in its place."""
    file = stored_file(project_id=request.project.pk, image_id=image_id, variant=Variant(variant))
    if file is None:
        raise NotFound(_("This photo is not part of the project."))
    etag = quote_etag(f"{file.sha256}-{variant}")
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponseBase = HttpResponseNotModified()
    else:
        response = _file_response(file)
    response["ETag"] = etag
    response["Cache-Control"] = CACHE_CONTROL
    response["X-Content-Type-Options"] = "nosniff"
    # Should a browser ever open the file as a document, it may do nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _file_response(file: StoredFile) -> HttpResponseBase:
    if not file.key:
        raise NotFound(_("No copy of this photo could be made for display. Its import says why."), code="no_copy")
    if settings.ARGUS_ACCEL_REDIRECT:
        # The web server in front sends the file itself, from the folder that it knows under this address.
        return HttpResponse(
            content_type=CONTENT_TYPE, headers={"X-Accel-Redirect": settings.ARGUS_ACCEL_REDIRECT + file.key}
        )
    try:
        stream = default_storage.open(file.key, "rb")
    except FileNotFoundError as error:
        raise NotFound(
            _("The file of this photo is missing in the storage. Restore the storage, or import the photo again."),
            code="file_missing",
        ) from error
    return FileResponse(stream, content_type=CONTENT_TYPE)
