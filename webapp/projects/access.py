"""How a view declares who may use it. A view without a declaration is refused by the middleware."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from webapp.accounts.access import SignedInRequest, View, ask_to_sign_in, public, signed_in
from webapp.accounts.models import User
from webapp.core.errors import NotAllowed
from webapp.projects.models import Project, Role
from webapp.projects.policies import Action, permitted
from webapp.projects.selectors import project_with_roles

__all__ = ["ProjectRequest", "SignedInRequest", "View", "enter_project", "project_view", "public", "signed_in"]


class ProjectRequest(SignedInRequest):
    """A request of somebody who may be here: the project and their roles in it are known."""

    project: Project
    roles: frozenset[Role]
    permitted: frozenset[Action]


def project_view(action: Action) -> Callable[[View], View]:
    """People whose role in the project `slug` permits `action`; the view gets a ProjectRequest without the slug.

    Outsiders get 404, as if the project did not exist; members without the role get 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = ask_to_sign_in(request)
            if refusal is not None:
                return refusal
            entered = enter_project(request, slug)
            if action not in entered.permitted:
                raise NotAllowed(
                    _("You may not %(action)s here. Ask a lead of this project.") % {"action": action.value}
                )
            return view(entered, *args, **kwargs)

        guarded.access = action  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
        return guarded

    return decorate


def enter_project(request: HttpRequest, slug: str) -> ProjectRequest:
    """Attach project, roles and permitted actions to the request. Raises Http404 for outsiders."""
    user = cast(User, request.user)
    found = project_with_roles(slug=slug, user=user)
    if found is None:
        raise Http404
    entered = cast(ProjectRequest, request)
    entered.project, entered.roles = found
    entered.permitted = permitted(entered.roles, is_admin=user.is_superuser)
    return entered
