"""Files of verified data."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportKind(models.TextChoices):
    TAGS = "tags", _("Tags: one line per verified region")
    REGIONS = "regions", _("Regions: tag, three question-answer pairs and caption")


class ExportState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Export(models.Model):
    """One export: asked for, being written, or a finished file. A killed one is claimed again and starts over."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=10, choices=ExportKind)
    filters = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.PENDING)
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True, blank=True)
    path = models.CharField(max_length=200, blank=True, help_text=_("Relative to the data folder."))
    file_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    schema_version = models.CharField(max_length=10, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"export {self.pk} ({self.kind})"
