"""What the human half was asked and took away, to look at. Verdicts of single people are on no admin page."""

from django.contrib import admin

from verification.models import Export, ReviewPackage, Sample
from webapp.core.admin import ReadOnlyAdmin


@admin.register(Sample)
class SampleAdmin(ReadOnlyAdmin):
    list_display = ["id", "loop", "task_kind", "overlap", "is_open", "created_at"]
    list_select_related = ["loop__project"]
    list_filter = ["task_kind", "is_open"]
    ordering = ["-id"]
    fields = ["project", "loop", "annotated_loop", "task_kind", "seed", "config", "overlap", "is_open", "created_at"]


@admin.register(ReviewPackage)
class ReviewPackageAdmin(ReadOnlyAdmin):
    list_display = ["id", "project", "sample", "attempt", "size", "right_items", "state", "created_at", "decided_at"]
    list_select_related = ["project", "sample__loop__project"]
    list_filter = ["state", "attempt"]
    ordering = ["-id"]
    fields = [
        *("project", "sample", "attempt", "parent", "second_look_of", "size", "threshold", "state", "right_items"),
        *("held_until", "escalation", "settled_by", "note", "created_at", "decided_at"),
    ]


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ["id", "project", "kind", "state", "rows_done", "rows_total", "created_by", "created_at"]
    list_select_related = ["project", "created_by"]
    list_filter = ["state", "kind"]
    ordering = ["-id"]
    fields = [
        *("project", "kind", "filters", "state", "attempt", "rows_done", "rows_total", "file_bytes", "sha256"),
        *("schema_version", "error", "created_by", "created_at", "finished_at"),
    ]
