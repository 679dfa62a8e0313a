"""Webhooks against a real HTTP server: told once, signed, never into a private network, tried again from rows."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, transaction
from django.db.models import F

from tests.verification.services.crowds import in_threads
from tests.verification.services.webhook_receivers import Receiver, receiver
from verification.models import DeliveryState, Webhook, WebhookDelivery, WebhookEvent
from verification.services import webhooks
from verification.services.webhooks import (
    BACKOFF,
    add_webhook,
    announce,
    deliver,
    renew_secret,
    secret_of,
    send_again,
    send_due_deliveries,
    send_test,
    switch_webhook,
)
from verification.webhook_signatures import is_signed
from webapp.core.errors import BadInput, Conflict

pytestmark = pytest.mark.django_db

DONE = WebhookEvent.EXPORT_DONE


@pytest.fixture
def server(settings: Any) -> Iterator[Receiver]:
    settings.ARGUS_WEBHOOK_ALLOW_NETWORKS = ["127.0.0.0/8"]
    with receiver() as running:
        yield running


def webhook_to(project: Any, url: str, *events: str) -> Webhook:
    """Made as a row: the service refuses addresses of this machine."""
    return Webhook.objects.create(project=project, url=url, events=list(events or [DONE]), salt="0" * 32)


def told(project: Any, subject: int = 1, **more: Any) -> list[WebhookDelivery]:
    announce(project_id=project.pk, event=DONE, subject_id=subject, facts={"export": subject}, **more)
    return list(WebhookDelivery.objects.order_by("pk"))


def make_due(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_try_at=F("created_at") - timedelta(hours=1))


def test_a_message_arrives_with_a_signature_that_its_receiver_can_check(project: Any, server: Receiver) -> None:
    webhook = webhook_to(project, f"{server.address}/hook?source=argus")
    (delivery,) = told(project, 7)
    assert deliver(delivery.pk)
    ((path, headers, body),) = server.arrived
    assert path == "/hook?source=argus"
    content = orjson.loads(body)
    assert content["event"] == headers["Argus-Event"] == "export.done"
    assert content["id"] == headers["Argus-Delivery"] == str(delivery.uid)
    assert (content["project"], content["data"]) == ("street", {"export": 7})
    signature, secret = headers["Argus-Signature"], secret_of(webhook)
    assert is_signed(signature, secret, body, now=time.time())
    assert not is_signed(signature, secret, body + b" ", now=time.time())
    assert not is_signed(signature, "whsec_other", body, now=time.time())
    assert not is_signed(signature, secret, body, now=time.time() + 301)
    assert not is_signed("t=1,v1=nonsense", secret, body, now=1)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.status, delivery.attempts) == (DeliveryState.DELIVERED, 204, 1)
    assert not deliver(delivery.pk)
    assert len(server.arrived) == 1


def test_the_same_event_is_told_once_and_only_to_who_asked(project: Any) -> None:
    webhook_to(project, "https://one.example.org/")
    webhook_to(project, "https://two.example.org/", WebhookEvent.LOOP_FINISHED)
    off = webhook_to(project, "https://three.example.org/")
    Webhook.objects.filter(pk=off.pk).update(is_active=False)
    assert len(told(project)) == len(told(project)) == 1
    assert len(told(project, 2)) == 2
    assert len(told(project, 2, occasion="again")) == 3


def test_what_is_rolled_back_is_not_told(project: Any) -> None:
    webhook_to(project, "https://one.example.org/")
    with transaction.atomic():
        assert len(told(project)) == 1
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_another_project_is_told_nothing(project: Any, server: Receiver) -> None:
    from webapp.projects.models import Project

    other = Project.objects.create(name="Other", slug="other")
    webhook_to(other, f"{server.address}/other")
    assert told(project) == []


def test_a_failure_is_tried_again_later_and_given_up_in_the_end(project: Any, lea: Any, server: Receiver) -> None:
    webhook_to(project, f"{server.address}/broken")
    server.answers["/broken"] = 500
    (delivery,) = told(project)
    for attempt in range(1, len(BACKOFF) + 2):
        make_due(delivery)
        assert not deliver(delivery.pk)
        assert not deliver(delivery.pk), "not due yet"
        delivery.refresh_from_db()
        assert delivery.attempts == attempt == len(server.arrived)
        if attempt <= len(BACKOFF):
            assert delivery.state == DeliveryState.WAITING
            wait = delivery.next_try_at - delivery.created_at
            assert wait >= timedelta(seconds=BACKOFF[attempt - 1])
    assert delivery.state == DeliveryState.FAILED
    assert [line["status"] for line in delivery.log] == [500] * (len(BACKOFF) + 1)
    assert "500" in delivery.error
    server.answers["/broken"] = 200
    send_again(delivery=delivery, user=lea)
    assert deliver(delivery.pk)


def test_waiting_messages_are_not_sent_again_by_hand(project: Any, lea: Any) -> None:
    webhook_to(project, "https://one.example.org/")
    (delivery,) = told(project)
    with pytest.raises(Conflict):
        send_again(delivery=delivery, user=lea)


def test_redirects_are_not_followed(project: Any, server: Receiver) -> None:
    webhook_to(project, f"{server.address}/moved")
    server.answers["/moved"] = 307
    (delivery,) = told(project)
    assert not deliver(delivery.pk)
    assert [path for path, _headers, _body in server.arrived] == ["/moved"]
    delivery.refresh_from_db()
    assert "redirect" in delivery.error


def test_410_ends_it_at_once(project: Any, server: Receiver) -> None:
    webhook_to(project, f"{server.address}/gone")
    server.answers["/gone"] = 410
    (delivery,) = told(project)
    deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 1)


def test_a_private_address_gets_nothing_whatever_its_name_says(project: Any, server: Receiver, settings: Any) -> None:
    settings.ARGUS_WEBHOOK_ALLOW_NETWORKS = []
    port = server.address.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433"):
        webhook_to(project, f"http://{host}:{port}/inside")
    for delivery in told(project):
        assert not deliver(delivery.pk)
        delivery.refresh_from_db()
        assert delivery.status is None
    assert server.arrived == []
    refused = WebhookDelivery.objects.filter(state=DeliveryState.FAILED, error__contains="private")
    assert refused.count() >= 3  # the odd spellings may not even resolve


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://user:word@example.org/",
        "http://127.0.0.1/",
        "http://10.0.0.8/hook",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost:8000/",
        "https://exa mple.org/",
        "https://",
        "javascript:alert(1)",
        "https://example.org/" + "x" * 600,
    ],
)
def test_an_address_that_cannot_be_public_is_refused_when_it_is_given(project: Any, lea: Any, url: str) -> None:
    with pytest.raises(BadInput):
        add_webhook(project=project, user=lea, url=url, events=[DONE])


def test_a_webhook_needs_known_events_and_another_address(project: Any, lea: Any) -> None:
    for events in ([], ["everything"], [DONE, "user.created"]):
        with pytest.raises(BadInput):
            add_webhook(project=project, user=lea, url="https://hooks.example.org/", events=events)
    add_webhook(project=project, user=lea, url="https://hooks.example.org/", events=[DONE])
    with pytest.raises(Conflict):
        add_webhook(project=project, user=lea, url="https://hooks.example.org/", events=[DONE])


def test_the_secret_is_not_in_the_database_and_can_be_renewed(project: Any, lea: Any) -> None:
    webhook = add_webhook(project=project, user=lea, url="https://hooks.example.org/", events=[DONE])
    first = secret_of(webhook)
    assert first not in str(Webhook.objects.values().get(pk=webhook.pk))
    assert first.removeprefix("whsec_") not in str(Webhook.objects.values().get(pk=webhook.pk))
    second = renew_secret(webhook=webhook, user=lea)
    assert second != first
    assert secret_of(Webhook.objects.get(pk=webhook.pk)) == second


def test_a_test_message_goes_to_this_address_alone_even_when_it_is_off(
    project: Any, lea: Any, server: Receiver
) -> None:
    webhook = webhook_to(project, f"{server.address}/mine")
    webhook_to(project, f"{server.address}/others")
    switch_webhook(webhook=webhook, user=lea, is_active=False)
    assert deliver(send_test(webhook=webhook, user=lea).pk)
    ((path, headers, _body),) = server.arrived
    assert (path, headers["Argus-Event"]) == ("/mine", "test")


def test_what_waits_is_not_sent_to_an_address_that_was_switched_off(project: Any, lea: Any, server: Receiver) -> None:
    webhook = webhook_to(project, f"{server.address}/mine")
    (delivery,) = told(project)
    switch_webhook(webhook=webhook, user=lea, is_active=False)
    assert not deliver(delivery.pk)
    switch_webhook(webhook=webhook, user=lea, is_active=True)
    assert deliver(delivery.pk)


def test_a_flushed_broker_loses_nothing(
    project: Any, server: Receiver, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    """The timer enqueues what is due, from rows: here the message of `announce` itself was lost."""
    webhook_to(project, f"{server.address}/hook")
    told(project)
    sent: list[int] = []
    monkeypatch.setattr(webhooks.dispatch, "enqueue_delivery", sent.append)
    assert send_due_deliveries() == 1
    for number in sent:
        assert deliver(number)
    assert send_due_deliveries() == 0
    assert len(server.arrived) == 1


def test_a_dead_workers_claim_lapses(project: Any, server: Receiver) -> None:
    webhook_to(project, f"{server.address}/hook")
    (delivery,) = told(project)
    assert webhooks._claim(delivery.pk) is not None  # and then the worker died
    assert not deliver(delivery.pk)
    make_due(delivery)
    assert deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.attempts == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(project: Any, server: Receiver) -> None:
    webhook_to(project, f"{server.address}/hook")
    (delivery,) = told(project)
    barrier = threading.Barrier(4)

    def attempt() -> None:
        barrier.wait()
        deliver(delivery.pk)

    in_threads([attempt] * 4)
    assert len(server.arrived) == 1


def test_the_log_of_an_address_is_bounded(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(webhooks, "LOG_KEPT", 5)
    webhook = webhook_to(project, "https://one.example.org/")
    for subject in range(9):
        told(project, subject)
    send_due_deliveries()
    kept = list(WebhookDelivery.objects.filter(webhook=webhook).order_by("pk").values_list("subject_id", flat=True))
    assert kept == [4, 5, 6, 7, 8]


def test_telling_costs_one_statement_when_nobody_listens(project: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):  # savepoint, the statement, release
        told_count = announce(project_id=project.pk, event=DONE, subject_id=1, facts={})
    assert told_count == 0
    assert connection.in_atomic_block
