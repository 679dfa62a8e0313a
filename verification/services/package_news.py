"""Webhooks are told what becomes of packages: numbers that any lead may know, no names and no marks."""

from collections.abc import Iterable

from verification.models import ReviewPackage, Webhook, WebhookEvent
from verification.services.webhooks import announce


def announce_packages(*, project_id: int, package_ids: Iterable[int], event: WebhookEvent) -> None:
    """Tell the project's addresses that this happened to these packages. In the transaction in which it did."""
    if not Webhook.objects.filter(project_id=project_id, is_active=True).exists():
        return
    packages = ReviewPackage.objects.filter(pk__in=package_ids, second_look_of=None).select_related("sample__loop")
    for package in packages.order_by("pk"):
        announce(
            project_id=project_id,
            event=event,
            subject_id=package.pk,
            facts={
                "package": package.pk,
                "loop": package.sample.loop.number,
                "task_kind": package.sample.task_kind,
                "attempt": package.attempt,
                "items": package.size,
                "right": package.right_items,
                "threshold": package.threshold,
            },
        )
