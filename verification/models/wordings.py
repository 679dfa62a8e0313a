"""What people wrote in their own words: the one place, so that it can be erased without touching verdicts."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class WordingKind(models.TextChoices):
    CORRECTION = "correction", _("The right answer, written in QA stage 2")
    RIGHT_TAG = "right_tag", _("The right tag, when all shown ones are wrong")
    NOTE = "note", _("A note to a ruling")


class Wording(models.Model):
    """A text that belongs to a verdict or to a ruling. Erasing it leaves the row, with `erased_at` and no text.

    The verdict keeps the text's sha256 (`Verdict.text_digest`).
    """

    verdict = models.ForeignKey(
        "verification.Verdict", on_delete=models.PROTECT, null=True, blank=True, related_name="wordings"
    )
    ruling = models.ForeignKey(
        "verification.Ruling", on_delete=models.CASCADE, null=True, blank=True, related_name="wordings"
    )
    kind = models.CharField(max_length=10, choices=WordingKind)
    text = models.TextField(blank=True, max_length=2000)
    writer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__isnull=False, ruling=None) | Q(verdict=None, ruling__isnull=False),
                name="wording_of_one_thing",
            ),
            models.UniqueConstraint(fields=["verdict", "kind"], name="wording_once_per_verdict"),
            models.UniqueConstraint(fields=["ruling", "kind"], name="wording_once_per_ruling"),
            models.CheckConstraint(condition=Q(erased_at=None) | Q(text=""), name="erased_wording_is_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
