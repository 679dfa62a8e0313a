"""Why a region's tags are asked about again."""

from django.db import models


class Reopening(models.Model):
    """A round of a tag item that exists because people said of a pair of its region that the tag is wrong.

    Several pairs of a region may ask for the same round.
    """

    item = models.ForeignKey("verification.SampleItem", on_delete=models.CASCADE, related_name="reopenings")
    round = models.PositiveSmallIntegerField()
    because_of = models.ForeignKey("verification.SampleItem", on_delete=models.CASCADE, related_name="reopened")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "round", "because_of"], name="reopening_once")]

    def __str__(self) -> str:
        return f"round {self.round} of item {self.item_id}, because of item {self.because_of_id}"
