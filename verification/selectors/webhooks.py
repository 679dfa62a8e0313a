"""Webhooks as the lead's page shows them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from verification.models import Webhook, WebhookDelivery
from webapp.core.errors import NotFound
from webapp.projects.models import Project

PAGE = 25


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, newest first; `older` is the id to continue after, None on the last page."""

    deliveries: list[WebhookDelivery]
    older: int | None


def webhooks_of(project: Project) -> list[Webhook]:
    return list(Webhook.objects.filter(project=project).order_by("pk"))


def webhook_of(*, project: Project, webhook_id: int) -> Webhook:
    """Raises NotFound, also for a webhook of another project."""
    webhook = Webhook.objects.filter(project=project, pk=webhook_id).select_related("project").first()
    if webhook is None:
        raise NotFound(_("There is no such webhook in this project."))
    return webhook


def deliveries_of(webhook: Webhook, *, before: int | None = None) -> DeliveryPage:
    """The log of one address, by key."""
    found = WebhookDelivery.objects.filter(webhook=webhook).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    return DeliveryPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def delivery_of(*, webhook: Webhook, delivery_id: int) -> WebhookDelivery:
    """Raises NotFound, also for a message to another address."""
    delivery = WebhookDelivery.objects.filter(webhook=webhook, pk=delivery_id).first()
    if delivery is None:
        raise NotFound(_("There is no such message in the log."))
    return delivery
