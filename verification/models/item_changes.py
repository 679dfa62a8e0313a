"""What a lead did to items: a line in their history."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from verification.models.samples import Priority


class ItemChangeKind(models.TextChoices):
    REQUEUED = "requeued", _("Asked again by the project lead")
    REMOVED = "removed", _("Removed by the project lead")
    RESTORED = "restored", _("Brought back by the project lead")
    PRIORITY = "priority", _("Priority set by the project lead")
    KEPT = "kept", _("Given to people by the project lead")
    LET_GO = "let_go", _("Open to anybody again")


class ItemChange(models.Model):
    """One change of one item. `by` is null where nobody decided it; `priority`: the one that was set."""

    item = models.ForeignKey("verification.SampleItem", on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=ItemChangeKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    priority = models.SmallIntegerField(choices=Priority, null=True, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return f"item {self.item_id}: {self.kind}"
