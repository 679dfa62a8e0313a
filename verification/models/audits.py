"""Audits: uniform samples that experts judge blind, to say how accurate a loop is (papers V1, Table 8, Figure 5)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from verification.models.assignments import AssignmentState


class AuditPopulation(models.TextChoices):
    MODEL = "model", _("What the models said")
    VERIFIED = "verified", _("What people verified")


class AuditKind(models.TextChoices):
    TAG = "tag", _("Tags")
    QA = "qa", _("Questions and answers")


class AuditChoice(models.TextChoices):
    """What an expert says of an item. For tags `judged` goes with the tags that are right."""

    JUDGED = "judged", _("Judged")
    CORRECT = "correct", _("The answer is correct")
    INCORRECT = "incorrect", _("The answer is not correct")
    UNCLEAR = "unclear", _("Cannot be told from the photo")


class Audit(models.Model):
    """One uniform sample of `size` rows of a loop, or of what people verified up to it.

    `frame_size`: how many rows it was drawn from, estimated where counting would mean to read them all. A worker draws
    it: until then `drawn_at` is null and it has no items; `error` says why it could not be drawn.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="audits")
    loop = models.ForeignKey("annotation.Loop", on_delete=models.CASCADE, related_name="audits")
    population = models.CharField(max_length=8, choices=AuditPopulation)
    task_kind = models.CharField(max_length=8, choices=AuditKind)
    seed = models.BigIntegerField()
    size = models.PositiveIntegerField()
    overlap_share = models.FloatField(default=0.1)
    frame_size = models.BigIntegerField()
    drawn_at = models.DateTimeField(null=True, blank=True, db_default=models.functions.Now())
    enqueued_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, db_default="")
    is_open = models.BooleanField(default=True, help_text=_("Whether its items are handed out."))
    created_at = models.DateTimeField(db_default=models.functions.Now())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loop", "population", "task_kind"], name="audit_once"),
            models.CheckConstraint(
                condition=Q(overlap_share__gte=0, overlap_share__lte=1), name="audit_overlap_share_in_0_1"
            ),
        ]

    def __str__(self) -> str:
        return f"audit {self.pk} of {self.loop}"


class AuditItem(models.Model):
    """One row to judge, with a frozen copy of what the model or the people said.

    `shown` = {"tags": [{"concept_id", "text", "claim"}, …]}, best first, `claim` being whether the row says that the
    tag is right; or {"tag": {"concept_id", "text"}, "question", "answer"}. `source_mask`, `producer_id`, `size_class`
    and `band` are what the figures are broken down by: of the first tag, or of the tag that was asked about. Experts
    are sent none of these, and the tags in an order of chance. `barred_ids` took part in what is judged here.
    """

    audit = models.ForeignKey(Audit, on_delete=models.CASCADE, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    image = models.ForeignKey("annotation.Image", on_delete=models.PROTECT, related_name="+")
    region_id = models.BigIntegerField()
    question_answer_id = models.BigIntegerField(null=True, blank=True)
    shown = models.JSONField()
    inclusion_probability = models.FloatField()
    concept_id = models.BigIntegerField()
    source_mask = models.IntegerField()
    producer_id = models.BigIntegerField(null=True)
    size_class = models.PositiveSmallIntegerField()
    band = models.PositiveSmallIntegerField(default=0)
    barred_ids = ArrayField(models.BigIntegerField(), default=list)
    is_removed = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audit", "position"], name="audit_position_once"),
            models.UniqueConstraint(
                fields=["audit", "region_id", "question_answer_id"], name="audit_item_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1),
                name="audit_probability_in_0_1",
            ),
        ]

    def __str__(self) -> str:
        return f"item {self.position} of audit {self.audit_id}"


class AuditSlot(models.Model):
    """One expert's judgement of an item, or the place for it. The constraints keep two experts apart.

    `leased_until` is read against the database's clock only. `key` is the client's idempotency key.
    """

    audit = models.ForeignKey(Audit, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(AuditItem, on_delete=models.CASCADE, related_name="slots", db_index=False)
    slot = models.PositiveSmallIntegerField(default=0)
    rank = models.BigIntegerField()
    state = models.CharField(max_length=6, choices=AssignmentState, default=AssignmentState.OPEN)
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    key = models.UUIDField(null=True, blank=True, unique=True)
    choice = models.CharField(max_length=10, choices=AuditChoice, blank=True)
    right_ids = ArrayField(models.BigIntegerField(), default=list)
    seconds = models.FloatField(default=0)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "slot"], name="audit_slot_once"),
            models.UniqueConstraint(fields=["item", "expert"], name="audit_expert_once"),
            models.CheckConstraint(
                condition=Q(state="open", expert=None, leased_until=None, choice="")
                | Q(state="leased", expert__isnull=False, leased_until__isnull=False, choice="")
                | (Q(state="done", expert__isnull=False, decided_at__isnull=False, key__isnull=False) & ~Q(choice="")),
                name="audit_slot_state_is_whole",
            ),
            models.CheckConstraint(condition=Q(seconds__gte=0, seconds__lte=86_400), name="audit_seconds_sane"),
        ]
        indexes = [
            models.Index(fields=["audit", "rank"], condition=Q(state="open"), name="audit_slot_open"),
            models.Index(fields=["expert", "audit"], name="audit_slot_of_expert"),
        ]

    def __str__(self) -> str:
        return f"slot {self.slot} of audit item {self.item_id}"
