"""What annotators decided. Append-only: a trigger refuses UPDATE and DELETE."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Verdict(models.Model):
    """One decision about one item. Undo appends a withdrawal that supersedes it; a verdict is superseded at most once.

    For tag tasks `rejected_ids` are the concepts marked wrong; what was shown and not marked counts as right.
    For QA `choice` is a QAChoice; who writes an answer (stage 2) leaves it empty, or says `unanswerable` or
    `wrong_tag`; the text is a Wording. `is_bad_box`: the box does not show one thing.
    `key` is the client's idempotency key: the same key is the same verdict, however often it is sent.
    """

    assignment = models.ForeignKey("verification.Assignment", on_delete=models.PROTECT, related_name="verdicts")
    item = models.ForeignKey("verification.SampleItem", on_delete=models.PROTECT, related_name="verdicts")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="verdicts", db_index=False
    )
    key = models.UUIDField(unique=True)
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)
    text_digest = models.CharField(
        max_length=64, blank=True, db_default="", help_text="sha256 of what was written, hex"
    )
    is_bad_box = models.BooleanField(default=False, db_default=False)
    is_withdrawal = models.BooleanField(default=False)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [models.Index(fields=["annotator", "created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seconds__gte=0, seconds__lte=86_400), name="verdict_seconds_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"verdict {self.pk} on item {self.item_id}"


class LateVerdict(models.Model):
    """A decision that came after its slot had gone to somebody else: kept, unpaid, uncounted. Append-only."""

    assignment = models.ForeignKey("verification.Assignment", on_delete=models.PROTECT, related_name="late_verdicts")
    item = models.ForeignKey("verification.SampleItem", on_delete=models.PROTECT, related_name="late_verdicts")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField(unique=True)
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)
    text = models.TextField(blank=True, max_length=2000)
    is_bad_box = models.BooleanField(default=False, db_default=False)
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return f"late verdict {self.pk} on item {self.item_id}"
