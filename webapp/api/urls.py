"""All addresses of the API. Each application lists its own below a project; they share the name space `api`."""

from django.urls import URLPattern, URLResolver, include, path

from webapp.api.endpoints import MeView, ProjectsView, ProjectView
from webapp.api.schema import schema

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema", schema, name="schema"),
    path("me", MeView.as_view(), name="me"),
    path("projects", ProjectsView.as_view(), name="projects"),
    path("projects/<slug:slug>", ProjectView.as_view(), name="project"),
    path("projects/<slug:slug>/", include("annotation.api.urls")),
    path("projects/<slug:slug>/", include("verification.api.urls")),
]
