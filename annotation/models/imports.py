"""Runs that bring photos and existing annotations in, and what they refused."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ImportRun(models.Model):
    """One import. `counts` holds what happened so far by kind: images, already_there, regions, captions, problems."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="import_runs")
    format = models.CharField(max_length=20)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.PENDING)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"]),
            models.Index(
                fields=["state", "heartbeat_at"],
                condition=models.Q(state__in=["pending", "running"]),
                name="import_run_open",
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk} ({self.format})"


class ImportProblem(models.Model):
    """One file or item that was refused, with the reason a person reads."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="problems")
    file = models.TextField()
    item = models.TextField(blank=True)
    code = models.CharField(max_length=40)
    message = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["run", "id"])]

    def __str__(self) -> str:
        return f"{self.file} {self.item}: {self.message}".strip()
