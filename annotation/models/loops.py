"""Passes of the data engine."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class LoopState(models.TextChoices):
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ACTIVE_LOOP_STATES = (LoopState.RUNNING,)


class Loop(models.Model):
    """Pass `number` of the engine over a project.

    `config` is frozen at the start (roster, thresholds, sampling). Its progress is read from its stage runs and
    items, never stored here. A number is not reused, even after a cancelled loop.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="loops")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    config = models.JSONField(default=dict)
    config_digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=LoopState, default=LoopState.RUNNING)
    error = models.TextField(blank=True)
    report = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["project", "number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="loop_number_once"),
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state="running"), name="one_running_loop_per_project"
            ),
        ]

    def __str__(self) -> str:
        return f"loop {self.number} of {self.project}"
