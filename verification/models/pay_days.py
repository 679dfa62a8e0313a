"""Sums of the ledger by day, so that no page adds up millions of entries."""

from django.conf import settings
from django.db import models


class PayDay(models.Model):
    """What one person earned in one sample on one day (in the server's time zone): written when the day is over.

    verdicts: those given less those withdrawn. seconds: of the verdicts given, withdrawn ones included.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    sample = models.ForeignKey("verification.Sample", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    verdicts = models.IntegerField()
    seconds = models.FloatField()
    amount = models.DecimalField(max_digits=14, decimal_places=4)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "day", "annotator", "sample", "currency"], name="pay_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.amount} {self.currency} to {self.annotator_id}"


class PayDaysClosed(models.Model):
    """The days of a project before `until` are summed up."""

    project = models.OneToOneField("projects.Project", on_delete=models.CASCADE, related_name="+", primary_key=True)
    until = models.DateField()

    def __str__(self) -> str:
        return f"summed up before {self.until}"
