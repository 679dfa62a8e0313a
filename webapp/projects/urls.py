"""Pages of projects."""

from django.urls import path

from webapp.projects.views import people, projects, settings

app_name = "projects"
urlpatterns = [
    path("", projects.project_list, name="list"),
    path("p/new", projects.new_project, name="new"),
    path("p/<slug:slug>/people/", people.people, name="people"),
    path("p/<slug:slug>/people/add", people.add, name="add_person"),
    path("p/<slug:slug>/people/<int:user_id>/roles", people.change_roles, name="change_roles"),
    path("p/<slug:slug>/people/<int:user_id>/remove", people.remove, name="remove_person"),
    path("p/<slug:slug>/settings/", settings.settings, name="settings"),
    path("p/<slug:slug>/settings/pause", settings.pause, name="pause"),
    path("p/<slug:slug>/settings/resume", settings.resume, name="resume"),
]
