"""All addresses of the API. Each application lists its own below a project; they share the name space `api`."""

from django.urls import URLPattern, URLResolver, include, path

from webapp.api import people, project_switches
from webapp.api.endpoints import MeView, ProjectsView, ProjectView
from webapp.api.schema import schema

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema", schema, name="schema"),
    path("me", MeView.as_view(), name="me"),
    path("projects", ProjectsView.as_view(), name="projects"),
    path("projects/<slug:slug>", ProjectView.as_view(), name="project"),
    path("projects/<slug:slug>/pause", project_switches.PauseProjectView.as_view(), name="pause_project"),
    path("projects/<slug:slug>/resume", project_switches.ResumeProjectView.as_view(), name="resume_project"),
    path("projects/<slug:slug>/people", people.PeopleView.as_view(), name="people"),
    path("projects/<slug:slug>/people/<int:user_id>/roles", people.RolesView.as_view(), name="person_roles"),
    path("projects/<slug:slug>/people/<int:user_id>/remove", people.RemovePersonView.as_view(), name="remove_person"),
    path("projects/<slug:slug>/teams", people.TeamsView.as_view(), name="teams"),
    path("projects/<slug:slug>/teams/<int:team_id>/members", people.TeamMembersView.as_view(), name="team_members"),
    path("projects/<slug:slug>/teams/<int:team_id>/remove", people.RemoveTeamView.as_view(), name="remove_team"),
    path("projects/<slug:slug>/invitations", people.InvitationsView.as_view(), name="invitations"),
    path(
        "projects/<slug:slug>/invitations/<int:invitation_id>/revoke",
        people.RevokeInvitationView.as_view(),
        name="revoke_invitation",
    ),
    path("projects/<slug:slug>/", include("annotation.api.urls")),
    path("projects/<slug:slug>/", include("verification.api.urls")),
]
