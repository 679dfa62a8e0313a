"""The qualifying round: a few items whose right decision is known, with feedback, before somebody is given work."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class QualifyingRound(models.Model):
    """What new annotators of a project do first. A changed round is a new row; one at most is on.

    `size` items of the round's are asked in an attempt, `pass_mark` is the share of right ones that is needed.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    size = models.PositiveSmallIntegerField()
    pass_mark = models.FloatField()
    is_on = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project"], condition=Q(is_on=True), name="one_qualifying_round_is_on"),
            models.CheckConstraint(
                condition=Q(pass_mark__gt=0, pass_mark__lte=1, size__gte=1), name="qualifying_round_can_be_passed"
            ),
        ]

    def __str__(self) -> str:
        return f"qualifying round {self.pk}"


class QualifyingItem(models.Model):
    """An item of a round with its right decision, frozen when the lead chose it."""

    round = models.ForeignKey(QualifyingRound, on_delete=models.CASCADE, related_name="items", db_index=False)
    item = models.ForeignKey("verification.SampleItem", on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "item"], name="qualifying_item_once")]

    def __str__(self) -> str:
        return f"item {self.item_id} of qualifying round {self.round_id}"


class QualifyingAnswer(models.Model):
    """What somebody decided about an item of a round. Unpaid; it never counts as a verdict."""

    item = models.ForeignKey(QualifyingItem, on_delete=models.CASCADE, related_name="answers", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    attempt = models.PositiveSmallIntegerField()
    choice = models.CharField(max_length=16, blank=True)
    rejected_ids = ArrayField(models.BigIntegerField(), default=list)
    is_right = models.BooleanField()
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "person", "attempt"], name="qualifying_answer_once"),
        ]

    def __str__(self) -> str:
        return f"answer of {self.person_id} to {self.item_id}"


class Qualification(models.Model):
    """Somebody may work in a project that has a qualifying round: they passed it, or worked there before it was."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    round = models.ForeignKey(QualifyingRound, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    right = models.PositiveSmallIntegerField(null=True)
    asked = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "person"], name="qualification_once")]

    def __str__(self) -> str:
        return f"{self.person_id} is qualified for project {self.project_id}"
