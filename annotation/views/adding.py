"""Add photos: by upload, by addresses, from a folder of the server. Each starts an import that a worker does."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from annotation.importers.options import ImportOptions
from annotation.services.imports import start_import
from annotation.services.uploads import FolderUploadHandler, drop_upload_folder, make_upload_folder
from annotation.views.photo_forms import AddressesForm, FolderForm, UploadForm
from webapp.core.errors import BadInput
from webapp.core.middleware import wants_json
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

ProjectView = Callable[..., HttpResponse]


class TooLarge(BadInput):
    """More bytes than one request may bring."""

    status = 413
    code = "too_large"


@project_view(Action.ADD_PHOTOS)
@require_safe
def add_photos(request: ProjectRequest) -> HttpResponse:
    """The three ways in."""
    return _page(request)


def receive_upload(view: ProjectView) -> ProjectView:
    """Let the files of the form stream into `request.upload_folder`, within bounds, before anything else is read.

    The check against forged requests comes after: it reads the form, and that must not happen with handlers that
    nobody bounded. The folder is removed unless the view keeps it by setting `request.upload_folder` to None.
    """

    @wraps(view)
    def guarded(request: ProjectRequest) -> HttpResponse:
        _check_length(request)
        folder = make_upload_folder()
        request.upload_folder = folder  # type: ignore[attr-defined]
        request.upload_handlers = cast(list[FileUploadHandler], [FolderUploadHandler(folder)])
        try:
            _parse(request)
            return csrf_protect(view)(request)
        finally:
            if request.upload_folder is not None:  # type: ignore[attr-defined]
                drop_upload_folder(folder)

    return guarded


@csrf_exempt
@project_view(Action.ADD_PHOTOS)
@require_POST
@receive_upload
def upload_photos(request: ProjectRequest) -> HttpResponse:
    """Photos and annotation files of the form."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, upload=form)
    left_out = form.left_out()
    if left_out:
        messages.warning(request, left_out)
    response = _start(request, form.cleaned_data["format"], form.options())
    request.upload_folder = None  # type: ignore[attr-defined]  # the import reads it from now on
    return response


@project_view(Action.ADD_PHOTOS)
@require_POST
def fetch_photos(request: ProjectRequest) -> HttpResponse:
    """Photos by their addresses."""
    form = AddressesForm(request.POST)
    if not form.is_valid():
        return _page(request, addresses=form)
    folder = make_upload_folder()
    try:
        file = folder / "addresses.txt"
        file.write_text("\n".join(form.cleaned_data["addresses"]) + "\n", encoding="utf-8")
        return _start(request, "urls", form.options(file))
    except BaseException:
        drop_upload_folder(folder)
        raise


@project_view(Action.ADD_PHOTOS)
@require_POST
def read_folder(request: ProjectRequest) -> HttpResponse:
    """A folder of the server. Refused unless the site's settings name folders."""
    if not settings.ARGUS_IMPORT_ROOTS:
        raise BadInput(_("No folder of this server is open to imports. An administrator can set IMPORT_ROOTS."))
    form = FolderForm(request.POST)
    if not form.is_valid():
        return _page(request, folder=form)
    return _start(request, "folder", form.options())


def _start(request: ProjectRequest, kind: str, options: ImportOptions) -> HttpResponse:
    start_import(project=request.project, user=request.user, format=kind, options=options)
    messages.success(request, _("The import has started. This page shows its progress; you may leave it."))
    if wants_json(request):  # the page's own script, which shows the progress of the upload
        return JsonResponse({"next": reverse("annotation:photos", args=[request.project.slug])}, status=201)
    return redirect("annotation:photos", request.project.slug)


def _page(request: ProjectRequest, **bound: forms.Form) -> HttpResponse:
    if bound and wants_json(request):
        raise BadInput(_complaints(*bound.values()))
    context: dict[str, Any] = {
        "upload": UploadForm(),
        "addresses": AddressesForm(),
        "folder": FolderForm() if settings.ARGUS_IMPORT_ROOTS else None,
        "most_bytes": settings.ARGUS_MAX_UPLOAD_BYTES,
        "most_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        **bound,
    }
    return render(request, "annotation/photos/add.html", context, status=400 if bound else 200)


def _complaints(form: forms.Form) -> str:
    """What is wrong with the form, in one line."""
    return " ".join(
        f"{form[name].label}: {' '.join(map(str, errors))}" if name in form.fields else " ".join(map(str, errors))
        for name, errors in form.errors.items()
    )


def _check_length(request: HttpRequest) -> None:
    """Before a byte of the body is read. Servers hand over no more than the announced length."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > settings.ARGUS_MAX_UPLOAD_BYTES:
        raise TooLarge(
            _("The files have %(size)s together; one upload may have %(most)s. Send fewer at once.")
            % {"size": filesizeformat(length), "most": filesizeformat(settings.ARGUS_MAX_UPLOAD_BYTES)}
        )


def _parse(request: HttpRequest) -> None:
    """Read the form, and say what was wrong with it in words."""
    try:
        request.POST  # noqa: B018 - parses the body
    except TooManyFilesSent as error:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        raise TooLarge(_("One upload may have %(most)s files. Send fewer at once.") % {"most": most}) from error
    except RequestDataTooBig as error:
        raise TooLarge(_("A text field of the form is too long.")) from error
    except (MultiPartParserError, UnreadablePostError) as error:
        raise BadInput(_("The upload broke off. Nothing was imported; send it again.")) from error
