"""Photos that must not come back: taken down on somebody's request (docs/takedown.md)."""

from django.db import models
from django.db.models import Q


class BlacklistedPhoto(models.Model):
    """The sha256 of a photo that no import takes in again: into one project, or, without a project, into any."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sha256", "project"], name="blacklisted_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="blacklisted_sha256_is_hex"),
        ]

    def __str__(self) -> str:
        return self.sha256
