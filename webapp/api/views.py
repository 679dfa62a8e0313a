"""The base of all endpoints: each method declares a scope for tokens and an action for people, or is refused.

The same declaration is read by the middleware (deny by default), by the schema and by the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import ApiToken, TokenScope, User
from webapp.api.serializers import StrictSerializer
from webapp.api.throttling import count_request
from webapp.core.errors import NotAllowed
from webapp.projects.models import Project, Role
from webapp.projects.policies import Action, permitted
from webapp.projects.selectors import project_with_roles


@dataclass(frozen=True, slots=True)
class Needs:
    """What a method asks for: a scope of the token and, inside a project, an action that a role permits."""

    scope: TokenScope
    action: Action | None = None


class ApiView(APIView):
    """An endpoint. `needs` names every method it has. Below a project, `project`, `roles` and `permitted` are set."""

    needs: ClassVar[Mapping[str, Needs]] = {}
    http_method_names = ["get", "post", "delete", "head"]
    project: Project
    roles: frozenset[Role]
    permitted: frozenset[Action]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        view.access = cls.needs  # type: ignore[attr-defined]  # read by DenyByDefaultMiddleware
        return view

    @property
    def person(self) -> User:
        return cast(User, self.request.user)

    @property
    def token(self) -> ApiToken | None:
        return self.request.auth if isinstance(self.request.auth, ApiToken) else None

    def check_permissions(self, request: Request) -> None:
        """Signed in, with a password of one's own, a token of the scope, a role that permits it; outsiders get 404."""
        need = self.needs.get("GET" if request.method == "HEAD" else request.method or "")
        if need is None:
            raise exceptions.MethodNotAllowed(request.method or "")
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated
        if self.person.must_change_password:
            raise NotAllowed(_("Choose a password of your own first."), code="password_is_one_time")
        if self.token is not None and need.scope not in self.token.scopes:
            message = _("This token lacks the scope “%(scope)s”. Make one that has it on your account page.")
            raise NotAllowed(message % {"scope": need.scope.value}, code="scope_missing")
        if need.action is not None:
            self._enter(need.action)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers are one person's, and some hold a link or a secret: nobody in between keeps them.

        Files say themselves how long they may be kept.
        """
        if isinstance(response, Response):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return super().finalize_response(request, response, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        count_request(user=self.person, token=self.token)

    def query(self, kind: type[StrictSerializer]) -> dict[str, Any]:
        """The query string, checked. Raises ValidationError, for unknown names too."""
        asked = kind(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return cast(dict[str, Any], asked.validated_data)

    def sent(self, kind: type[StrictSerializer]) -> dict[str, Any]:
        """The body, checked. Raises ValidationError."""
        sent = kind(data=self.request.data)
        sent.is_valid(raise_exception=True)
        return cast(dict[str, Any], sent.validated_data)

    def _enter(self, action: Action) -> None:
        found = project_with_roles(slug=self.kwargs["slug"], user=self.person)
        if found is None:
            raise Http404
        self.project, self.roles = found
        self.permitted = permitted(self.roles, is_admin=self.person.is_superuser)
        if action not in self.permitted:
            message = _("You may not %(action)s here. Ask a lead of this project.")
            raise NotAllowed(message % {"action": action.value})
