"""How a view declares who may use it. A view without a declaration is refused by the middleware."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from webapp.accounts.access import SignedInRequest, View, ask_to_sign_in, public, signed_in
from webapp.accounts.backends import read_already
from webapp.accounts.models import User
from webapp.accounts.sessions import SessionStore
from webapp.core.errors import NotAllowed
from webapp.projects.models import Project, Role
from webapp.projects.policies import Action, permitted
from webapp.projects.selectors import Entry, project_with_roles, session_with_person

__all__ = ["ProjectRequest", "SignedInRequest", "View", "project_view", "public", "signed_in"]


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
            person, entry = _read_together(request, slug)
            with read_already(person):
                refusal = ask_to_sign_in(request)
            if refusal is not None:
                return refusal
            if request.user != person:
                entry = project_with_roles(slug=slug, user=cast(User, request.user))
            entered = _entered(request, entry)
            if action not in entered.permitted:
                raise NotAllowed(
                    _("You may not %(action)s here. Ask a lead of this project.") % {"action": action.value}
                )
            return view(entered, *args, **kwargs)

        guarded.access = action  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
        return guarded

    return decorate


def _read_together(request: HttpRequest, slug: str) -> tuple[User | None, Entry | None]:
    """Whom the session names, and what they would be in the project, in one query. Who asks is not known by that: the
    session, which is read on the way, is yet to be checked."""
    session = cast(SessionStore, request.session)
    found = session_with_person(session_key=session.session_key, slug=slug) if session.session_key else None
    if found is None:
        return None, None
    row, person, entry = found
    session.keep(row)
    return person, entry


def _entered(request: HttpRequest, entry: Entry | None) -> ProjectRequest:
    """Project, roles and permitted actions attached. Raises Http404 for outsiders."""
    if entry is None:
        raise Http404
    entered = cast(ProjectRequest, request)
    entered.project, entered.roles = entry
    entered.permitted = permitted(entered.roles, is_admin=entered.user.is_superuser)
    return entered
