"""Whether somebody is given work in a project, and what leads did about it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Standing(models.Model):
    """Who is paused, or has to pass the qualifying round again. Without a row nothing keeps a person from working."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    paused_at = models.DateTimeField(null=True, blank=True)
    requalify_since = models.DateTimeField(
        null=True, blank=True, help_text=_("Only a qualifying round passed after this counts.")
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "person"], name="standing_once_per_person")]

    def __str__(self) -> str:
        return f"standing of {self.person_id} in {self.project_id}"


class StandingChangeKind(models.TextChoices):
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Works again")
    REQUALIFY = "requalify", _("Must pass the qualifying round again")
    SENT_BACK = "sent_back", _("Recent work sent back")


class StandingChange(models.Model):
    """What a lead did about a person's work, and why; the person reads the reason. Append-only.

    For work sent back: `items` of it, and whether its pay was taken back.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=StandingChangeKind)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    items = models.PositiveIntegerField(default=0)
    pay_taken_back = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [models.Index(fields=["project", "person", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind}: {self.person_id} by {self.by_id}"


class SentBackVerdict(models.Model):
    """A verdict that no longer counts because a lead sent it back; its item went to others in a new round."""

    change = models.ForeignKey(StandingChange, on_delete=models.CASCADE, related_name="verdicts")
    verdict = models.OneToOneField("verification.Verdict", on_delete=models.PROTECT, related_name="sent_back")

    def __str__(self) -> str:
        return f"verdict {self.verdict_id} sent back"
