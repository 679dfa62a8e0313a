"""What a person earned: their own numbers, and a statement to take away."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verification.selectors.pay import earned_in, last_month, this_month
from verification.views.periods import asked_period, period_form
from verification.views.statements import statement
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@project_view(Action.ANNOTATE)
@require_safe
def earnings(request: ProjectRequest) -> HttpResponse:
    """This month, the last one, and any period."""
    form, period = period_form(request)
    months = (this_month(), last_month())
    asked, *by_month = earned_in(project_id=request.project.pk, user_id=request.user.pk, periods=(period, *months))
    context = {
        "project": request.project,
        "form": form,
        "period": period,
        "asked": asked,
        "this_month": by_month[0],
        "last_month": by_month[1],
        "months": months,
    }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "verification/pay/earnings.html", context, status=status)


@project_view(Action.ANNOTATE)
@require_safe
def own_statement(request: ProjectRequest) -> StreamingHttpResponse:
    """The person's entries of the period as CSV."""
    return statement(project=request.project, person=request.user, period=asked_period(request))
