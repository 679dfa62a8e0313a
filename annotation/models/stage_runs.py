"""Shards of a loop's stages: what is to be done, being done, done."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    """The stages of a loop, in design order."""

    TAG = "tag", _("Tag")
    LOCALIZE = "localize", _("Localize")
    MATCH = "match", _("Match")
    CLEAN = "clean", _("Clean")
    DESCRIBE = "describe", _("Describe")
    TRAIN = "train", _("Train")
    SAMPLE = "sample", _("Sample")
    VERIFY = "verify", _("Verify")
    REVIEW = "review", _("Review")
    ANNOTATE = "annotate", _("Annotate")
    AUDIT = "audit", _("Audit")
    REPORT = "report", _("Report")


class StageState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class StageRun(models.Model):
    """One shard of a stage of a loop.

    Claimed by a conditional update (annotation/services/stage_runs.py); its rows and its done-state are written in
    one transaction. A running shard whose heartbeat lapsed may be claimed again; `attempt` then grows, and the
    former owner's write is refused.
    """

    loop = models.ForeignKey("annotation.Loop", on_delete=models.CASCADE, related_name="stage_runs")
    stage = models.CharField(max_length=10, choices=Stage)
    shard = models.PositiveIntegerField(default=0)
    image_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    state = models.CharField(max_length=10, choices=StageState, default=StageState.PENDING)
    attempt = models.PositiveSmallIntegerField(default=0)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    timings = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["loop", "stage", "shard"], name="stage_shard_once")]
        indexes = [
            models.Index(
                fields=["loop", "stage", "shard"],
                condition=models.Q(state__in=["pending", "running"]),
                name="stage_run_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.shard} of loop {self.loop_id}"


class StageFailure(models.Model):
    """An image that failed alone in a stage, and why. Replaced when its shard runs again."""

    stage_run = models.ForeignKey(StageRun, on_delete=models.CASCADE, related_name="failures")
    image_id = models.BigIntegerField(db_index=True)
    role = models.CharField(max_length=20, blank=True)
    reason = models.TextField()

    def __str__(self) -> str:
        return f"image {self.image_id}: {self.reason}"
