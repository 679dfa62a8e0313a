"""Gold items: items whose right decision is known, planted among the others to see how carefully people work."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class GoldItem(models.Model):
    """The right decision of a gold item, frozen: the one an expert agreed with in an accepted package (`source`)."""

    item = models.OneToOneField("verification.SampleItem", on_delete=models.CASCADE, related_name="gold")
    source = models.ForeignKey("verification.PackageItem", on_delete=models.CASCADE, related_name="gold_copies")
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return f"gold of item {self.item_id}"


class GoldSlot(models.Model):
    """A gold item's slot that is held for one annotator. How it was judged is read from the verdict, never written."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    gold = models.ForeignKey(GoldItem, on_delete=models.CASCADE, related_name="slots")
    assignment = models.OneToOneField("verification.Assignment", on_delete=models.CASCADE, related_name="gold_slot")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [models.Index(fields=["project", "annotator", "-id"])]
        constraints = [models.UniqueConstraint(fields=["gold", "annotator"], name="gold_once_per_person")]

    def __str__(self) -> str:
        return f"gold slot for {self.annotator_id}"
