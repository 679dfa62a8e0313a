"""Review: up to 100 items of one annotator and task kind, ruled on by an expert who took no part (papers V1, B.3)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PackageState(models.TextChoices):
    REDO = "redo", _("With another annotator")
    READY = "ready", _("Waiting for an expert")
    REVIEWING = "reviewing", _("With an expert")
    ACCEPTED = "accepted", _("Accepted")
    FAILED = "failed", _("Below the threshold")
    ESCALATED = "escalated", _("With the lead")
    CANCELLED = "cancelled", _("Cancelled")


class Escalation(models.TextChoices):
    """Why a package is with the lead."""

    FAILURES = "failures", _("It failed three times")
    NO_ANNOTATOR = "no_annotator", _("No other annotator may judge its items")


class ReviewPackage(models.Model):
    """Items that stay together until an expert has accepted them.

    `author` is the annotator whose verdicts these are; none where several people judged each item (overlap): then the
    package holds what the majority says and all of them are its authors. A package below the threshold is FAILED and
    has one child (`attempt` + 1), which goes to another annotator first (REDO). A `second_look_of` package measures
    experts: its rulings change nothing. What the lead did with an ESCALATED one stands in `settled_by` and `note`.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="packages")
    sample = models.ForeignKey("verification.Sample", on_delete=models.CASCADE, related_name="packages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    attempt = models.PositiveSmallIntegerField(default=1)
    parent = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="redone_as")
    second_look_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="second_looks"
    )
    size = models.PositiveSmallIntegerField()
    threshold = models.FloatField(help_text=_("Share of right items from which on the package is accepted."))
    state = models.CharField(max_length=10, choices=PackageState, default=PackageState.READY)
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    held_until = models.DateTimeField(null=True, blank=True)
    right_items = models.PositiveSmallIntegerField(null=True, blank=True)
    escalation = models.CharField(max_length=12, choices=Escalation, blank=True, db_default="")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.TextField(blank=True, db_default="", max_length=2000)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "state", "id"]),
            models.Index(fields=["author", "-id"]),
            models.Index(fields=["expert", "-id"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(size__gte=1, size__lte=1000), name="package_size_1_to_1000"),
            models.CheckConstraint(condition=Q(threshold__gt=0, threshold__lte=1), name="package_threshold_in_0_1"),
            models.CheckConstraint(
                condition=Q(expert=None) | Q(author=None) | ~Q(expert=models.F("author")),
                name="package_expert_is_not_author",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["reviewing", "accepted", "failed"]) | Q(expert__isnull=False),
                name="package_state_names_expert",
            ),
        ]

    def __str__(self) -> str:
        return f"package {self.pk} of {self.size} items"


class PackageItem(models.Model):
    """One item of a package with the decision to be judged, frozen: `choice`, `rejected_ids` and `verdict_ids`.

    `round` is that of the verdicts: a later round of the item (a *wrong tag*, a redo) overrules the package.
    `is_live` while the package is the one that decides about the item: at most one is.
    """

    package = models.ForeignKey(ReviewPackage, on_delete=models.CASCADE, related_name="items", db_index=False)
    item = models.ForeignKey("verification.SampleItem", on_delete=models.PROTECT, related_name="packed")
    position = models.PositiveSmallIntegerField()
    verdict_ids = ArrayField(models.BigIntegerField(), default=list)
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)
    round = models.PositiveSmallIntegerField(default=0)
    is_bad_box = models.BooleanField(default=False, db_default=False)
    is_live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["package", "position"], name="package_position_once"),
            models.UniqueConstraint(fields=["package", "item"], name="package_item_once"),
            models.UniqueConstraint(fields=["item"], condition=Q(is_live=True), name="item_in_one_live_package"),
        ]

    def __str__(self) -> str:
        return f"item {self.item_id} in package {self.package_id}"


class DisagreeReason(models.TextChoices):
    WRONG_LEFT = "wrong_left", _("A wrong tag was left as right")
    RIGHT_REJECTED = "right_rejected", _("A right tag was marked as wrong")
    WRONG_CHOICE = "wrong_choice", _("Another choice is right")
    BAD_ANSWER = "bad_answer", _("The written answer is wrong or unclear")
    OTHER = "other", _("Something else")


class Ruling(models.Model):
    """What an expert decided about one item of a package: agreed with every mark, or what is right instead.

    Can be changed until the package is decided. `rejected_ids` and `choice` are the expert's own, equal to the
    annotator's where they agree; a corrected answer is a Wording of the ruling.
    """

    package_item = models.OneToOneField(PackageItem, on_delete=models.CASCADE, related_name="ruling")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)
    is_bad_box = models.BooleanField(default=False, db_default=False)
    reason = models.CharField(max_length=16, choices=DisagreeReason, blank=True)
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(agrees=True, reason="") | (Q(agrees=False) & ~Q(reason="")), name="ruling_has_its_reason"
            )
        ]

    def __str__(self) -> str:
        return f"ruling on package item {self.package_item_id}"
