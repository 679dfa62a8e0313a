"""Removal on request: who asked for what, and what it touched (papers V1, A.7; docs/takedown.md)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TakedownKind(models.TextChoices):
    PHOTO = "photo", _("A photo")
    WORDS = "words", _("What a person wrote")


class Takedown(models.Model):
    """One removal in one project. The row stays, and says by whom, when and why; what was removed is gone.

    `key` names it in the journal beside the database, from which it is done again after a restore. `effect` counts what
    was erased; `checkpoints` are those that learned from a manifest with the photo. `completed_at` is set when
    files and exports are erased and nothing that ran at the time can bring anything back.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="takedowns")
    kind = models.CharField(max_length=8, choices=TakedownKind)
    sha256 = models.CharField(max_length=64, blank=True)
    image = models.ForeignKey("annotation.Image", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(max_length=2000)
    effect = models.JSONField(default=dict)
    checkpoints = models.JSONField(default=list)
    exports = models.ManyToManyField("verification.Export", related_name="takedowns", blank=True)
    manifests = models.ManyToManyField("verification.TrainingManifest", related_name="takedowns", blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"]),
            models.Index(fields=["id"], condition=Q(completed_at=None), name="takedown_unfinished"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="photo", writer=None) & ~Q(sha256="")
                | Q(kind="words", sha256="", image=None, writer__isnull=False),
                name="takedown_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["project", "sha256"], condition=Q(kind="photo"), name="photo_taken_down_once"
            ),
        ]

    def __str__(self) -> str:
        return f"takedown {self.pk} ({self.kind})"
