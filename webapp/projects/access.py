"""How a view declares who may use it. A view without a declaration is refused by the middleware."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from webapp.accounts.models import User
from webapp.core.errors import NotAllowed
from webapp.core.middleware import wants_json
from webapp.projects.models import Project, Role
from webapp.projects.policies import Action, permitted
from webapp.projects.selectors import project_with_roles

View = Callable[..., HttpResponseBase]
Access = Action | Literal["public", "signed in"]


class SignedInRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


class ProjectRequest(SignedInRequest):
    """A request of somebody who may be here: the project and their roles in it are known."""

    project: Project
    roles: frozenset[Role]
    permitted: frozenset[Action]


def public(view: View) -> View:
    """Anybody, without signing in."""
    view.access = "public"  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
    return view


def signed_in(view: View) -> View:
    """Anybody who is signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _signed_in_or_asked(request) or view(request, *args, **kwargs)

    guarded.access = "signed in"  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
    return guarded


def project_view(action: Action) -> Callable[[View], View]:
    """People whose role in the project `slug` permits `action`; the view gets a ProjectRequest without the slug.

    Outsiders get 404, as if the project did not exist; members without the role get 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = _signed_in_or_asked(request)
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


def _signed_in_or_asked(request: HttpRequest) -> HttpResponse | None:
    if request.user.is_authenticated:
        return None
    if wants_json(request):
        message = _("Your session has ended. Sign in to go on.")
        return JsonResponse({"error": {"code": "signed_out", "message": message}}, status=401)
    return redirect_to_login(request.get_full_path())
