"""Projects and their people, to look at. Changes go through the pages of the project, where services check them."""

from django.contrib import admin
from django.urls import reverse

from webapp.core.admin import ReadOnlyAdmin
from webapp.projects.models import Membership, Project


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "created_at", "paused_at"]
    search_fields = ["name", "slug"]
    fields = [
        *("name", "slug", "description", "guide", "roster", "overlap", "review_required"),
        *("tag_rate", "qa_rate", "answer_rate", "currency", "paused_at", "paused_by", "created_at", "created_by"),
    ]

    def view_on_site(self, obj: Project) -> str:
        return reverse("projects:settings", args=[obj.slug])


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "project", "role", "created_at"]
    list_select_related = ["user", "project"]
    list_filter = ["role"]
    search_fields = ["user__username", "project__name"]
    fields = ["user", "project", "role", "created_at"]
