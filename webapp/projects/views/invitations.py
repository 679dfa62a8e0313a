"""Invitations: made and revoked by leads, accepted by whoever holds the link."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import public
from webapp.accounts.models import User
from webapp.core.errors import ArgusError
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Invitation, Role
from webapp.projects.people_forms import InviteForm, JoinForm
from webapp.projects.policies import Action
from webapp.projects.services.invitations import (
    accept_invitation,
    accept_with_new_account,
    invitation_of,
    invite,
    open_invitations,
    revoke_invitation,
    token_of_invitation,
)

SHOWN = 100


@project_view(Action.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitations(request: ProjectRequest) -> HttpResponse:
    """Open invitations with their links, and the form for a new one."""
    form = InviteForm(request.POST if request.method == "POST" else None, project=request.project)
    made: Invitation | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = invite(project=request.project, by=request.user, **form.wanted())
            form = InviteForm(project=request.project)
        except ArgusError as error:
            form.add_error("email", error.message)
    listed = open_invitations(request.project).select_related("team")[: SHOWN + 1]
    rows = [(one, link_of(request, one), [Role(role).label for role in one.roles]) for one in listed]
    context = {
        "form": form,
        "made": made,
        "made_link": link_of(request, made) if made else "",
        "issued": rows[:SHOWN],
        "is_more": len(rows) > SHOWN,
    }
    return render(request, "projects/invitations.html", context, status=400 if form.errors else 200)


@project_view(Action.MANAGE_PEOPLE)
@require_POST
def revoke(request: ProjectRequest, invitation_id: int) -> HttpResponse:
    found = revoke_invitation(project=request.project, by=request.user, invitation_id=invitation_id)
    messages.success(request, _("The link for %(email)s opens nothing any more.") % {"email": found.email})
    return redirect("projects:invitations", request.project.slug)


@public
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What the link opens: one button for who is signed in, a form for a new account for who is not."""
    invitation = invitation_of(token)
    if isinstance(request.user, User) and request.user.is_authenticated:
        if request.user.must_change_password:
            return redirect("account_change_password")
        if request.method == "POST":
            project = accept_invitation(token=token, user=request.user)
            return _welcome(request, project.name, project.slug)
        return _join_page(request, invitation, None)
    if request.method == "POST" and "sign_in" in request.POST:
        return redirect_to_login(reverse("projects:join", args=[token]))
    form = JoinForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            project, user = accept_with_new_account(token=token, **form.cleaned_data)
        except ArgusError as error:
            if error.status == 404:
                raise
            form.add_error("password" if error.status == 400 else "username", error.message)
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return _welcome(request, project.name, project.slug)
    return _join_page(request, invitation, form)


def link_of(request: HttpRequest, invitation: Invitation) -> str:
    """The whole address of an invitation."""
    return request.build_absolute_uri(reverse("projects:join", args=[token_of_invitation(invitation)]))


def _welcome(request: HttpRequest, name: str, slug: str) -> HttpResponse:
    messages.success(request, _("Welcome to %(name)s.") % {"name": name})
    return redirect("verification:home", slug)


def _join_page(request: HttpRequest, invitation: Invitation, form: JoinForm | None) -> HttpResponse:
    labels = [Role(role).label for role in invitation.roles]
    context = {"invitation": invitation, "labels": labels, "form": form}
    return render(request, "projects/join.html", context, status=400 if form is not None and form.errors else 200)
