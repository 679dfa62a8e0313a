"""What is sent to people in a loop."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskKind(models.TextChoices):
    TAG = "tag", _("Tag task")
    QA = "qa", _("QA check")
    ANSWER = "answer", _("Write the answer")


class Priority(models.IntegerChoices):
    """What is handed out first: all urgent items before the others, all later ones after them."""

    URGENT = 1, _("Urgent")
    NORMAL = 0, _("Normal")
    LATER = -1, _("Later")


class Sample(models.Model):
    """The items of one task kind that a loop asks people about, drawn from `annotated_loop`'s annotations."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="samples")
    loop = models.ForeignKey("annotation.Loop", on_delete=models.CASCADE, related_name="samples")
    annotated_loop = models.ForeignKey("annotation.Loop", on_delete=models.PROTECT, related_name="+")
    task_kind = models.CharField(max_length=8, choices=TaskKind)
    seed = models.BigIntegerField()
    config = models.JSONField(default=dict)
    overlap = models.PositiveSmallIntegerField(default=1)
    is_open = models.BooleanField(default=True, help_text=_("Whether its items are handed out."))
    priority = models.SmallIntegerField(
        choices=Priority, default=Priority.NORMAL, db_default=0, help_text=_("Before which other samples it comes.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loop", "task_kind"], name="one_sample_per_loop_and_kind"),
            models.CheckConstraint(condition=models.Q(overlap__gte=1, overlap__lte=9), name="sample_overlap_1_to_9"),
        ]

    def __str__(self) -> str:
        return f"{self.task_kind} sample of {self.loop}"


class ItemState(models.TextChoices):
    OPEN = "open", _("Open")
    ESCALATED = "escalated", _("With the lead")
    REMOVED = "removed", _("Removed")


class QAChoice(models.TextChoices):
    """What an annotator can say of a question and its answer (papers V1, appendix B.3)."""

    CORRECT = "correct", _("The answer is correct")
    WRONG_ANSWER = "wrong_answer", _("The answer is wrong")
    UNANSWERABLE = "unanswerable", _("The question cannot be answered")
    WRONG_TAG = "wrong_tag", _("The tag is wrong")


class SampleItem(models.Model):
    """One thing to judge, with a frozen copy of what was shown.

    `shown` = {"tags": [{"concept_id", "text", "score", "role_mask"}, …]} for a tag task. Annotators get the texts
    only. For QA it is {"tag": {"concept_id", "text"}, "question", "answer", "others": [{"question", "answer"}, …]} and
    `question_answer_id` names the pair in the sample's annotated loop; the item that asks for the right answer has the
    checked one as its `parent`. `inclusion_probability` is the chance with which the draw took this item (design §7).
    A gold item's right decision is known; nobody is shown that it is one, and it is never verified, packed or exported.
    """

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="items")
    image = models.ForeignKey("annotation.Image", on_delete=models.PROTECT, related_name="+")
    region_ids = ArrayField(models.BigIntegerField())
    question_answer_id = models.BigIntegerField(null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="answer_items")
    shown = models.JSONField()
    is_gold = models.BooleanField(default=False, db_default=False)
    inclusion_probability = models.FloatField()
    reason = models.CharField(max_length=40, default="concept")
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.OPEN)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sample", "region_ids", "question_answer_id", "is_gold"],
                name="item_once_per_sample",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(inclusion_probability__gt=0, inclusion_probability__lte=1),
                name="item_probability_in_0_1",
            ),
        ]
        # Pages of a sample's items (verification/selectors/items.py).
        indexes = [models.Index(fields=["sample", "id"], name="item_of_sample")]

    def __str__(self) -> str:
        return f"item {self.pk}"
