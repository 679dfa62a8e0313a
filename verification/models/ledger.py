"""What people earned. Append-only: a trigger refuses UPDATE and DELETE."""

from django.conf import settings
from django.db import models


class LedgerEntry(models.Model):
    """Pay for one verdict, once; a withdrawal has an entry of its own with the negative amount."""

    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+", db_index=False)
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    verdict = models.OneToOneField("verification.Verdict", on_delete=models.PROTECT, related_name="pay")
    amount = models.DecimalField(max_digits=8, decimal_places=4)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [models.Index(fields=["annotator", "created_at"])]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} to {self.annotator_id}"
