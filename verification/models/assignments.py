"""Slots of items: who holds which, until when."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from verification.models.samples import Priority


class AssignmentState(models.TextChoices):
    OPEN = "open", _("Open")
    LEASED = "leased", _("Leased")
    DONE = "done", _("Done")


class Assignment(models.Model):
    """One of the n slots of an item in a round. The unique constraints make "exactly n people" a fact of the database.

    `rank` is the random order in which slots are handed out, those of a higher `priority` first: a copy of the item's,
    while the slot is not done (verification/services/priorities.py). `leased_until` is read against the database's
    clock only. `verdict` points to the one that counts now.
    """

    sample = models.ForeignKey("verification.Sample", on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(
        "verification.SampleItem", on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    round = models.PositiveSmallIntegerField(default=0)
    slot = models.PositiveSmallIntegerField(default=0)
    rank = models.BigIntegerField()
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL, db_default=0)
    state = models.CharField(max_length=6, choices=AssignmentState, default=AssignmentState.OPEN)
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        db_index=False,
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    held_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Only this person is given the slot."),
    )
    verdict = models.ForeignKey(
        "verification.Verdict",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "round", "slot"], name="assignment_slot_once"),
            models.UniqueConstraint(fields=["item", "round", "annotator"], name="assignment_person_once"),
            models.CheckConstraint(
                condition=Q(state="open", annotator=None, leased_until=None, verdict=None)
                | Q(state="leased", annotator__isnull=False, leased_until__isnull=False, verdict=None)
                | Q(state="done", annotator__isnull=False, verdict__isnull=False),
                name="assignment_state_is_whole",
            ),
            # Leasing asks for these three.
            models.CheckConstraint(condition=Q(priority__in=(-1, 0, 1)), name="assignment_priority_is_known"),
        ]
        indexes = [
            models.Index(fields=["sample", "-priority", "rank"], condition=Q(state="open"), name="assignment_next"),
            models.Index(fields=["annotator", "sample"], condition=Q(state="leased"), name="assignment_leased"),
            models.Index(
                fields=["held_for", "sample", "-priority", "rank"],
                condition=Q(state="open", held_for__isnull=False),
                name="assignment_kept",
            ),
            # How far a person has come in a sample, at each priority: leasing starts there (services/queue.py).
            models.Index(fields=["annotator", "sample", "priority", "rank"], name="assignment_progress"),
        ]

    def __str__(self) -> str:
        return f"slot {self.slot} of item {self.item_id}"


class SkipReason(models.TextChoices):
    BROKEN_PHOTO = "broken_photo", _("The photo does not load")
    UNCLEAR_REGION = "unclear_region", _("I cannot see what the region shows")
    UNSURE = "unsure", _("I do not know these words or things")
    OTHER = "other", _("Something else")


class Skip(models.Model):
    """Somebody passed an item on. Three skips send it to the lead."""

    item = models.ForeignKey("verification.SampleItem", on_delete=models.CASCADE, related_name="skips")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=16, choices=SkipReason)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "annotator"], name="skip_once_per_person")]

    def __str__(self) -> str:
        return f"{self.annotator_id} skipped item {self.item_id}: {self.reason}"
