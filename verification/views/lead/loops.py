"""Loops: the list with what comes next, one loop with its progress, and what a lead does to it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.models import Loop, LoopState
from annotation.pipeline.loop_configs import SamplingConfig
from verification.selectors.loops import FAILURES, failed_images, find_loop, loop_rows, status_of_loop
from verification.selectors.sample_progress import pace_of_sample
from verification.selectors.start_conditions import MOST_PHOTOS, start_conditions
from verification.services.loops import annotate_new_photos, cancel_loop, close_verification, retry_loop, start_loop
from verification.views.lead.audits import accuracy_context, draw_context
from verification.views.lead.sampling_preview import MAX_BUDGET, SamplingForm, preview_context
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@project_view(Action.RUN_LOOPS)
@require_safe
def loops(request: ProjectRequest) -> HttpResponse:
    """All loops, and the forecast of the next one; for htmx the forecast alone."""
    form = SamplingForm(request.GET or None)
    if form.is_bound and not form.is_valid() and not request.htmx:
        return _list(request, form, SamplingConfig(), status=400)
    sampling = form.sampling() if form.is_bound and form.is_valid() else SamplingConfig()
    if request.htmx and request.htmx.target == "forecast":
        conditions = start_conditions(request.project, sampling)
        context = {"next": conditions, "form": form, "is_fragment": True, **preview_context(conditions.preview)}
        response = render(request, "verification/loops/_forecast_and_preview.html", context)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response
    return _list(request, form, sampling)


def _list(request: ProjectRequest, form: SamplingForm, sampling: SamplingConfig, status: int = 200) -> HttpResponse:
    rows = loop_rows(request.project.pk)
    conditions = start_conditions(request.project, sampling)
    context = {
        "rows": rows,
        "tabs": [row.loop for row in reversed(rows)],
        "next": conditions,
        "form": form,
        "most_photos": MOST_PHOTOS,
        **accuracy_context(request.project.pk),
        **preview_context(conditions.preview),
    }
    return render(request, "verification/loops/list.html", context, status=status)


@project_view(Action.RUN_LOOPS)
@require_POST
def start(request: ProjectRequest) -> HttpResponse:
    """Start the next loop with the sample's size from the form."""
    form = SamplingForm(request.POST)
    if not form.is_valid():
        raise BadInput(
            _("Items, regions and concepts must be whole numbers from 1 on, items %(most)s at most. Correct them.")
            % {"most": MAX_BUDGET}
        )
    loop = start_loop(project=request.project, user=request.user, sampling=form.sampling(), audit=form.audit())
    messages.success(request, _("Loop %(number)s has started. This page shows its progress.") % {"number": loop.number})
    return redirect("verification:loop", request.project.slug, loop.number)


@project_view(Action.RUN_LOOPS)
@require_POST
def new_photos(request: ProjectRequest) -> HttpResponse:
    """Annotate the photos that came in since the project was annotated."""
    loop = annotate_new_photos(project=request.project, user=request.user)
    messages.success(request, _("Loop %(number)s goes on with the new photos.") % {"number": loop.number})
    return redirect("verification:loop", request.project.slug, loop.number)


@project_view(Action.RUN_LOOPS)
@require_safe
def loop(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """One loop. While it runs, htmx asks for the progress alone; when it is over, for the whole page once more."""
    found = _find(request, loop_number)
    if request.htmx and request.htmx.target == "progress" and found.state != LoopState.RUNNING:
        return HttpResponseClientRefresh()
    status = status_of_loop(found)
    context = {
        "status": status,
        "loop": found,
        "pace": pace_of_sample(status.sample) if status.sample is not None else None,
        "failures": failed_images(found)[0][:5] if status.failed else [],
    }
    if request.htmx and request.htmx.target == "progress":
        response = render(request, "verification/loops/_progress.html", context)
    else:
        context["tabs"] = list(Loop.objects.filter(project=request.project).order_by("number"))
        if found.state == LoopState.FINISHED:
            context |= {**accuracy_context(request.project.pk), **draw_context(found)}
        response = render(request, "verification/loops/loop.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@project_view(Action.RUN_LOOPS)
@require_safe
def failures(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """Photos that failed in a loop, with the reasons."""
    found = _find(request, loop_number)
    text = request.GET.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise BadInput(_("“after” in the address must be the number of a page."))
    page, after = failed_images(found, after=int(text))
    context = {"loop": found, "failures": page, "after": after, "page_size": FAILURES}
    return render(request, "verification/loops/failures.html", context)


@project_view(Action.RUN_LOOPS)
@require_POST
def cancel(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """Stop a loop for good. Verdicts and pay stand."""
    found = _find(request, loop_number)
    if cancel_loop(loop=found, user=request.user):
        messages.success(
            request,
            _("Loop %(number)s was cancelled. Verdicts and pay stand; its annotations are dropped.")
            % {"number": found.number},
        )
    else:
        messages.info(request, _("Loop %(number)s was over already.") % {"number": found.number})
    return redirect("verification:loop", request.project.slug, found.number)


@project_view(Action.RUN_LOOPS)
@require_POST
def close(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """Hand out no more items and go on with what people said so far."""
    found = _find(request, loop_number)
    if close_verification(loop=found, user=request.user):
        messages.success(request, _("Verification is closed. What people said so far counts."))
    else:
        messages.info(request, _("Verification was closed already."))
    return redirect("verification:loop", request.project.slug, found.number)


@project_view(Action.RUN_LOOPS)
@require_POST
def retry(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """Let a failed loop try its failed parts again."""
    found = _find(request, loop_number)
    retry_loop(loop=found, user=request.user)
    messages.success(request, _("Loop %(number)s goes on.") % {"number": found.number})
    return redirect("verification:loop", request.project.slug, found.number)


def _find(request: ProjectRequest, number: int) -> Loop:
    found = find_loop(project_id=request.project.pk, number=number) if number < 2**31 else None
    if found is None:
        raise NotFound(_("This project has no such loop."))
    return found
