"""Pages of projects."""

from django.urls import path

from webapp.projects.views import invitations, people, people_import, projects, settings, teams

app_name = "projects"
urlpatterns = [
    path("", projects.project_list, name="list"),
    path("p/new", projects.new_project, name="new"),
    path("p/<slug:slug>/people/", people.people, name="people"),
    path("p/<slug:slug>/people/add", people.add, name="add_person"),
    path("p/<slug:slug>/people/<int:user_id>/roles", people.change_roles, name="change_roles"),
    path("p/<slug:slug>/people/<int:user_id>/remove", people.remove, name="remove_person"),
    path("p/<slug:slug>/people/invitations/", invitations.invitations, name="invitations"),
    path("p/<slug:slug>/people/invitations/<int:invitation_id>/revoke", invitations.revoke, name="revoke_invitation"),
    path("p/<slug:slug>/people/list/", people_import.bring_people, name="bring_people"),
    path("p/<slug:slug>/people/teams/", teams.teams, name="teams"),
    path("p/<slug:slug>/people/teams/<int:team_id>/people", teams.members, name="team_members"),
    path("p/<slug:slug>/people/teams/<int:team_id>/remove", teams.remove, name="remove_team"),
    path("join/<str:token>", invitations.join, name="join"),
    path("p/<slug:slug>/settings/", settings.settings, name="settings"),
    path("p/<slug:slug>/settings/pause", settings.pause, name="pause"),
    path("p/<slug:slug>/settings/resume", settings.resume, name="resume"),
]
