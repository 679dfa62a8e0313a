"""Pausing a project and letting it go on. For leads."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.models import TokenScope
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action
from webapp.projects.services.projects import pause_project, resume_project

_MANAGE = Needs(TokenScope.MANAGE, Action.CHANGE_SETTINGS)


class PausedAnswer(serializers.Serializer[Any]):
    is_paused = serializers.BooleanField()
    changed = serializers.BooleanField(help_text="False: it was so already.")


class PauseProjectView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="projects_pause",
        summary="Hand out nothing",
        request=None,
        responses=PausedAnswer,
        tags=["projects"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """What people hold they may still send."""
        changed = pause_project(project=self.project, user=self.person)
        return Response(PausedAnswer({"is_paused": True, "changed": changed}).data)


class ResumeProjectView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="projects_resume",
        summary="Hand out items again",
        request=None,
        responses=PausedAnswer,
        tags=["projects"],
    )
    def post(self, request: Request, slug: str) -> Response:
        changed = resume_project(project=self.project, user=self.person)
        return Response(PausedAnswer({"is_paused": False, "changed": changed}).data)
