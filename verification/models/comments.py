"""What an annotator and an expert say to each other about an item."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

COMMENT_LENGTH = 1000


class CommentRole(models.TextChoices):
    """As what somebody speaks: names are not shown to annotators and experts."""

    ANNOTATOR = "annotator", _("Annotator")
    EXPERT = "expert", _("Expert")
    LEAD = "lead", _("Project lead")


class Comment(models.Model):
    """A remark in the thread about one annotator's work on one item: (item, annotator) is the thread.

    Others who judge the same item have threads of their own, so that nobody reads what could sway them.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(
        "verification.SampleItem", on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    writer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=CommentRole)
    text = models.TextField(blank=True, max_length=COMMENT_LENGTH)
    key = models.UUIDField(unique=True, help_text="The form's idempotency key.")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["item", "annotator", "id"]),
            models.Index(fields=["project", "annotator", "-id"]),
            models.Index(fields=["project", "-id"]),
        ]
        constraints = [models.CheckConstraint(condition=Q(erased_at=None) | Q(text=""), name="erased_comment_is_empty")]

    def __str__(self) -> str:
        return f"comment {self.pk} on item {self.item_id}"


class CommentSeen(models.Model):
    """How far somebody has read a thread."""

    item = models.ForeignKey("verification.SampleItem", on_delete=models.CASCADE, related_name="+", db_index=False)
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    last_comment_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "annotator", "reader"], name="seen_once_per_thread")]

    def __str__(self) -> str:
        return f"{self.reader_id} read to {self.last_comment_id}"
