"""Oneself and one's projects."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_by_key, page_of
from webapp.api.serializers import PageQuery
from webapp.api.views import ApiView, Needs
from webapp.projects.models import Role
from webapp.projects.policies import Action
from webapp.projects.selectors import projects_of


class TokenFacts(serializers.Serializer[Any]):
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=TokenScope.choices))
    expires_at = serializers.DateTimeField()


class MeSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    name = serializers.CharField(help_text="As others see it.")
    token = TokenFacts(allow_null=True, help_text="null when asked by a signed-in page.")


class ProjectSerializer(serializers.Serializer[Any]):
    """`roles`: yours in it."""

    id = serializers.IntegerField()
    slug = serializers.CharField(help_text="Names it in addresses.")
    name = serializers.CharField()
    description = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    is_paused = serializers.BooleanField(help_text="While paused, nobody gets new items.")


class MeView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.READ)}

    @extend_schema(operation_id="me", summary="Who the token stands for", responses=MeSerializer, tags=["account"])
    def get(self, request: Request) -> Response:
        token = self.token
        facts = token and {"name": token.name, "scopes": token.scopes, "expires_at": token.expires_at}
        me = {"username": self.person.username, "name": self.person.display_name, "token": facts}
        return Response(MeSerializer(me).data)


class ProjectsView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.READ)}

    @extend_schema(
        operation_id="projects_list",
        summary="Your projects",
        parameters=[PageQuery],
        responses=page_of(ProjectSerializer, "Projects"),
        tags=["projects"],
    )
    def get(self, request: Request) -> Response:
        projects, following = page_by_key(projects_of(self.person), **_paging(self.query(PageQuery)))
        items = [_facts(project, project.my_roles) for project in projects]  # type: ignore[attr-defined]  # annotated
        return Response({"items": ProjectSerializer(items, many=True).data, "next": following})


class ProjectView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.READ, Action.OPEN_PROJECT)}

    @extend_schema(operation_id="projects_get", summary="One project", responses=ProjectSerializer, tags=["projects"])
    def get(self, request: Request, slug: str) -> Response:
        return Response(ProjectSerializer(_facts(self.project, self.roles)).data)


def _facts(project: Any, roles: Any) -> dict[str, Any]:
    """What may be known of a project; no rates, thresholds or gold share."""
    return {
        "id": project.pk,
        "slug": project.slug,
        "name": project.name,
        "description": project.description,
        "roles": sorted(str(role) for role in roles),
        "is_paused": project.paused_at is not None,
    }


def _paging(query: dict[str, Any]) -> dict[str, Any]:
    return {"after": query.get("after"), "limit": query["limit"]}
