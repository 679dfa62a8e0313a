"""What the automatic half did, to look at. Regions and their annotations are on the Explore page, not here."""

from django.contrib import admin

from annotation.models import Concept, Image, ImportRun, Loop, Producer, StageRun
from webapp.core.admin import ReadOnlyAdmin


@admin.register(Image)
class ImageAdmin(ReadOnlyAdmin):
    list_display = ["id", "name", "project", "width", "height", "created_at"]
    list_select_related = ["project"]
    search_fields = ["=sha256", "name__startswith"]
    ordering = ["-id"]
    fields = [
        *("project", "name", "sha256", "url", "width", "height", "mean_luma", "file_bytes", "licence", "source"),
        "created_at",
    ]


@admin.register(Concept)
class ConceptAdmin(ReadOnlyAdmin):
    list_display = ["id", "display", "kind", "alias_of"]
    list_select_related = ["alias_of"]
    list_filter = ["kind"]
    search_fields = ["text__startswith"]
    ordering = ["-id"]
    fields = ["kind", "text", "display", "alias_of"]


@admin.register(Producer)
class ProducerAdmin(ReadOnlyAdmin):
    list_display = ["id", "backend", "model", "version"]
    search_fields = ["backend", "model"]
    ordering = ["-id"]
    fields = ["backend", "model", "version", "config_digest"]


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = ["id", "project", "format", "state", "done", "total", "created_by", "created_at"]
    list_select_related = ["project", "created_by"]
    list_filter = ["state", "format"]
    ordering = ["-id"]
    fields = [
        *("project", "format", "state", "done", "total", "counts", "error", "attempt", "created_by"),
        *("created_at", "started_at", "finished_at"),
    ]


@admin.register(Loop)
class LoopAdmin(ReadOnlyAdmin):
    list_display = ["id", "project", "number", "state", "started_by", "started_at", "finished_at"]
    list_select_related = ["project", "started_by"]
    list_filter = ["state"]
    ordering = ["-id"]
    fields = [
        *("project", "number", "parent", "state", "error", "config", "config_digest", "report"),
        *("started_by", "started_at", "finished_at"),
    ]


@admin.register(StageRun)
class StageRunAdmin(ReadOnlyAdmin):
    list_display = ["id", "loop", "stage", "shard", "state", "attempt", "heartbeat_at", "finished_at"]
    list_select_related = ["loop__project"]
    list_filter = ["state", "stage"]
    ordering = ["-id"]
    fields = [
        *("loop", "stage", "shard", "state", "attempt", "counts", "timings", "error"),
        *("enqueued_at", "heartbeat_at", "started_at", "finished_at"),
    ]
