"""Addresses that are told what happened, and the log of what they were told (docs/webhooks.md)."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class WebhookEvent(models.TextChoices):
    PACKAGE_READY = "package.ready", _("A package waits for an expert")
    PACKAGE_ACCEPTED = "package.accepted", _("A package was accepted")
    PACKAGE_FAILED = "package.failed", _("A package failed and is done again")
    PACKAGE_ESCALATED = "package.escalated", _("A package needs the lead")
    EXPORT_DONE = "export.done", _("An export is finished")
    EXPORT_FAILED = "export.failed", _("An export failed")
    LOOP_FINISHED = "loop.finished", _("A loop is finished")
    LOOP_FAILED = "loop.failed", _("A loop failed")


TEST_EVENT = "test"


class Webhook(models.Model):
    """One address of a project. Its secret is derived from the server's key and `salt`, and is stored nowhere."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=20, choices=WebhookEvent))
    salt = models.CharField(max_length=32)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "url"], name="webhook_address_once_per_project")]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Given up")


class WebhookDelivery(models.Model):
    """One message to one address. `subject_id` names the package, export or loop; `occasion` tells apart what can
    happen to it more than once. `log` has a line per attempt. `next_try_at` is pushed ahead when a worker takes it.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    uid = models.UUIDField(unique=True, default=uuid.uuid4)
    event = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    occasion = models.CharField(max_length=40, blank=True)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=models.functions.Now())
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    log = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event", "subject_id", "occasion"], name="delivery_once"),
        ]
        indexes = [
            models.Index(fields=["webhook", "-id"]),
            models.Index(fields=["next_try_at"], condition=models.Q(state="waiting"), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to webhook {self.webhook_id}"
