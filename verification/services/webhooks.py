"""Webhooks: set up by leads, told what happens, tried again from rows (docs/webhooks.md).

`announce` writes a row per address in the transaction of what happened, so nothing is told that did not happen and
nothing that happened is forgotten. A worker sends; the timer takes up what a lost message or a flushed Redis left.
"""

import base64
import hmac
import logging
import secrets
import time
from collections.abc import Collection, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation import dispatch
from annotation.fetching import FetchRefused
from annotation.posting import POST_LIMITS, check_address, post
from verification.models import DeliveryState, Webhook, WebhookDelivery, WebhookEvent
from verification.models.webhooks import TEST_EVENT
from verification.webhook_signatures import signature_of
from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Project

log = logging.getLogger(__name__)

MOST_WEBHOOKS = 10
# Seconds until the next attempt, after the first, second, … one failed; then it is given up. About two days in all.
BACKOFF = (30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
SECONDS_TO_SEND = 60  # longer than any attempt takes: until then nobody else tries
LOG_KEPT = 1000  # deliveries of one webhook
DUE_AT_ONCE = 200


def add_webhook(*, project: Project, user: User, url: str, events: Collection[str]) -> Webhook:
    """A new address that is told of `events`. Raises BadInput (no web address, a private one, no event), Conflict."""
    wanted = sorted(set(events))
    if not wanted or not set(wanted) <= set(WebhookEvent.values):
        raise BadInput(_("Choose what this address is told."))
    try:
        check_address(url)
    except FetchRefused as error:
        raise BadInput(
            _("This address cannot be used: %(reason)s Give a public https:// address.") % {"reason": error.message}
        ) from error
    if len(url) > (Webhook._meta.get_field("url").max_length or 0):  # noqa: SLF001  # Django's public way to a field
        raise BadInput(_("This address is too long."))
    if Webhook.objects.filter(project=project).count() >= MOST_WEBHOOKS:
        raise Conflict(_("There are %(most)s webhooks. Remove one first.") % {"most": MOST_WEBHOOKS})
    try:
        with transaction.atomic():
            webhook = Webhook.objects.create(
                project=project, url=url, events=wanted, salt=secrets.token_hex(16), created_by=user
            )
    except IntegrityError as error:
        raise Conflict(_("This address is told already. Change what it is told, or remove it.")) from error
    log.info("project %s: user %s added webhook %s", project.pk, user.pk, webhook.pk)
    return webhook


def remove_webhook(*, webhook: Webhook, user: User) -> None:
    """With its log; what is on its way is not sent."""
    log.info("project %s: user %s removed webhook %s", webhook.project_id, user.pk, webhook.pk)
    webhook.delete()


def switch_webhook(*, webhook: Webhook, user: User, is_active: bool) -> None:
    """Stop telling an address, or begin again. What happens meanwhile is not told later."""
    if Webhook.objects.filter(pk=webhook.pk).exclude(is_active=is_active).update(is_active=is_active):
        log.info("webhook %s switched %s by user %s", webhook.pk, "on" if is_active else "off", user.pk)
    webhook.refresh_from_db()


def renew_secret(*, webhook: Webhook, user: User) -> str:
    """A new secret; the old one signs nothing any more."""
    Webhook.objects.filter(pk=webhook.pk).update(salt=secrets.token_hex(16))
    webhook.refresh_from_db()
    log.info("webhook %s: new secret by user %s", webhook.pk, user.pk)
    return secret_of(webhook)


def secret_of(webhook: Webhook) -> str:
    """What the address's messages are signed with; shown when the webhook is made or renewed."""
    key = f"webhook {webhook.pk} {webhook.salt}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), key, sha256).digest()
    return "whsec_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def announce(
    *, project_id: int, event: WebhookEvent, subject_id: int, facts: Mapping[str, Any], occasion: str = ""
) -> int:
    """Tell every address of the project that asked for `event`; how many are told.

    Call it in the transaction of what happened. The same event of the same subject and occasion is told once, however
    often it is announced. `facts` must be what any lead may know.
    """
    with transaction.atomic():
        values: dict[str, Any] = {
            "project": project_id,
            "event": event.value,
            "subject": subject_id,
            "occasion": occasion,
            "facts": orjson.dumps(dict(facts)).decode(),
        }
        with connection.cursor() as cursor:
            cursor.execute(_ANNOUNCE, values)
            told = [row[0] for row in cursor.fetchall()]
        for delivery_id in told:
            dispatch.enqueue_delivery(delivery_id)
    return len(told)


def send_test(*, webhook: Webhook, user: User) -> WebhookDelivery:
    """Send a message that says nothing but that it is a test, also to an address that is switched off."""
    with transaction.atomic():
        delivery = WebhookDelivery.objects.create(
            webhook=webhook,
            event=TEST_EVENT,
            subject_id=webhook.pk,
            occasion=secrets.token_hex(8),
            payload={"project": webhook.project.slug, "data": {"asked_by": user.username}},
        )
        dispatch.enqueue_delivery(delivery.pk)
    return delivery


def send_again(*, delivery: WebhookDelivery, user: User) -> None:
    """Try a message again from the start, at once. Raises Conflict while it is waiting anyway."""
    with transaction.atomic():
        changed = (
            WebhookDelivery.objects.filter(pk=delivery.pk)
            .exclude(state=DeliveryState.WAITING)
            .update(state=DeliveryState.WAITING, attempts=0, next_try_at=Now(), finished_at=None)
        )
        if not changed:
            raise Conflict(_("This message waits for its next attempt anyway."))
        dispatch.enqueue_delivery(delivery.pk)
    log.info("delivery %s sent again by user %s", delivery.pk, user.pk)


def deliver(delivery_id: int) -> bool:
    """One attempt, if one is due; whether it arrived. The claim is a conditional update, no lock is held while sending.

    A dead worker's claim lapses after SECONDS_TO_SEND. The receiver may thus get a message twice: `id` tells.
    """
    claimed = _claim(delivery_id)
    if claimed is None:
        return False
    delivery, at = claimed
    body = body_of(delivery)
    headers = {
        "Content-Type": "application/json",
        "Argus-Event": delivery.event,
        "Argus-Delivery": str(delivery.uid),
        "Argus-Signature": signature_of(secret_of(delivery.webhook), body, at=at),
    }
    started = time.monotonic()
    status, error, permanent = _send(delivery.webhook.url, body, headers)
    line = {"at": at, "status": status, "error": error, "seconds": round(time.monotonic() - started, 3)}
    return _record(delivery, line, permanent=permanent)


def send_due_deliveries() -> int:
    """Enqueue what is due and shorten the logs. For the timer; idempotent: claiming makes sure it is sent once."""
    due = WebhookDelivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=Now())
    numbers = list(due.order_by("next_try_at").values_list("pk", flat=True)[:DUE_AT_ONCE])
    for number in numbers:
        dispatch.enqueue_delivery(number)
    with connection.cursor() as cursor:
        cursor.execute(_SHORTEN, {"kept": LOG_KEPT})
    return len(numbers)


def body_of(delivery: WebhookDelivery) -> bytes:
    """What is sent, the same bytes at each attempt."""
    content = {
        "id": str(delivery.uid),
        "event": delivery.event,
        "created_at": delivery.created_at.isoformat(),
        **delivery.payload,
    }
    return orjson.dumps(content)


def _claim(delivery_id: int) -> tuple[WebhookDelivery, int] | None:
    """The delivery, its attempt counted, and the database's time in seconds; None when nothing is due."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"id": delivery_id, "seconds": SECONDS_TO_SEND})
        row = cursor.fetchone()
    if row is None:
        return None
    return WebhookDelivery.objects.select_related("webhook").get(pk=delivery_id), int(row[0])


def _send(url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str, bool]:
    """(status, error, whether trying again makes no sense)."""
    limits = POST_LIMITS
    if settings.ARGUS_WEBHOOK_ALLOW_NETWORKS:
        limits = type(limits)(
            connect_s=limits.connect_s,
            read_s=limits.read_s,
            total_s=limits.total_s,
            user_agent=limits.user_agent,
            allow_networks=tuple(settings.ARGUS_WEBHOOK_ALLOW_NETWORKS),
        )
    try:
        status = post(url, body, headers, limits)
    except FetchRefused as error:
        return None, error.message[:300], error.permanent
    if 200 <= status < 300:
        return status, "", False
    if 300 <= status < 400:
        return status, _("The address redirects; redirects are not followed."), False
    return status, _("The server answered %(status)s.") % {"status": status}, status == 410


def _record(delivery: WebhookDelivery, line: dict[str, Any], *, permanent: bool) -> bool:
    """Write the outcome of the attempt that holds the claim."""
    arrived = line["status"] is not None and not line["error"]
    changes: dict[str, Any] = {"status": line["status"], "error": line["error"], "log": [*delivery.log, line][-20:]}
    if arrived:
        changes |= {"state": DeliveryState.DELIVERED, "finished_at": Now()}
    elif permanent or delivery.attempts > len(BACKOFF):
        changes |= {"state": DeliveryState.FAILED, "finished_at": Now()}
    else:
        changes["next_try_at"] = Now() + timedelta(seconds=BACKOFF[delivery.attempts - 1])
    WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING, attempts=delivery.attempts).update(
        **changes
    )
    log.info("webhook %s: %s attempt %s: %s", delivery.webhook_id, delivery.event, delivery.attempts, line)
    return arrived


_ANNOUNCE = """
INSERT INTO verification_webhookdelivery
    (webhook_id, uid, event, subject_id, occasion, payload, state, attempts, error, log)
SELECT w.id, gen_random_uuid(), %(event)s::text, %(subject)s::bigint, %(occasion)s::text,
       jsonb_build_object('project', p.slug, 'data', %(facts)s::jsonb), 'waiting', 0, '', '[]'
FROM verification_webhook w JOIN projects_project p ON p.id = w.project_id
WHERE w.project_id = %(project)s AND w.is_active AND %(event)s::text = ANY(w.events)
ON CONFLICT (webhook_id, event, subject_id, occasion) DO NOTHING
RETURNING id
"""
_CLAIM = """
UPDATE verification_webhookdelivery d
SET attempts = d.attempts + 1, next_try_at = clock_timestamp() + make_interval(secs => %(seconds)s::int)
FROM verification_webhook w
WHERE d.id = %(id)s AND d.state = 'waiting' AND d.next_try_at <= clock_timestamp() AND w.id = d.webhook_id
  AND (w.is_active OR d.event = 'test')
RETURNING extract(epoch FROM clock_timestamp())::bigint
"""
_SHORTEN = """
DELETE FROM verification_webhookdelivery d
USING (
    SELECT w.id, (SELECT k.id FROM verification_webhookdelivery k WHERE k.webhook_id = w.id
                  ORDER BY k.id DESC OFFSET %(kept)s::int LIMIT 1) AS last
    FROM verification_webhook w
) long
WHERE d.webhook_id = long.id AND d.id <= long.last
"""
