"""The webhooks page: for leads; the secret is shown once, addresses and errors arrive as text."""

from typing import Any

import pytest
from django.test import Client

from verification.models import DeliveryState, Webhook, WebhookDelivery
from verification.services.webhooks import secret_of

pytestmark = pytest.mark.django_db

PAGE = "/p/street/webhooks/"


@pytest.fixture
def as_lea(client: Client, lea: Any) -> Client:
    client.force_login(lea)
    return client


def add(client: Client, url: str = "https://hooks.example.org/argus") -> Any:
    return client.post(PAGE, {"url": url, "events": ["export.done", "package.failed"]})


def test_a_new_webhook_shows_its_secret_once(as_lea: Client) -> None:
    page = add(as_lea).content.decode()
    secret = secret_of(Webhook.objects.get())
    assert secret in page
    assert secret not in as_lea.get(PAGE).content.decode()
    webhook = Webhook.objects.get()
    assert secret not in as_lea.get(f"{PAGE}{webhook.pk}/").content.decode()
    renewed = as_lea.post(f"{PAGE}{webhook.pk}/secret").content.decode()
    assert secret not in renewed
    assert secret_of(Webhook.objects.get()) in renewed


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ftp://x.org/", "https://u:p@x.org/"])
def test_an_address_that_cannot_be_used_is_shown_with_the_reason(as_lea: Client, url: str) -> None:
    answer = add(as_lea, url)
    assert answer.status_code == 400
    assert "This address cannot be used" in answer.content.decode()
    assert not Webhook.objects.exists()


def test_the_log_shows_states_and_reasons_as_text_page_by_page(
    as_lea: Client, project: Any, django_assert_max_num_queries: Any
) -> None:
    add(as_lea)
    webhook = Webhook.objects.get()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook=webhook,
            event="export.done",
            subject_id=number,
            payload={},
            state=DeliveryState.FAILED,
            error="<script>alert(1)</script>",
        )
        for number in range(30)
    )
    with django_assert_max_num_queries(9):
        page = as_lea.get(f"{PAGE}{webhook.pk}/").content.decode()
    assert page.count("Given up") == 25
    assert "<script>alert" not in page
    older = page.partition("?before=")[2].partition('"')[0]
    assert as_lea.get(f"{PAGE}{webhook.pk}/?before={older}").content.decode().count("Given up") == 5


def test_a_test_is_sent_and_it_can_be_switched_off_and_removed(as_lea: Client) -> None:
    add(as_lea)
    webhook = Webhook.objects.get()
    address = f"{PAGE}{webhook.pk}/"
    as_lea.post(f"{address}test")
    assert WebhookDelivery.objects.get().event == "test"
    as_lea.post(f"{address}switch", {"active": "no"})
    assert not Webhook.objects.get().is_active
    assert "Switched off" in as_lea.get(address).content.decode()
    as_lea.post(f"{address}remove")
    assert not Webhook.objects.exists()


def test_a_webhook_of_another_project_is_out_of_reach(as_lea: Client, project: Any) -> None:
    from webapp.projects.models import Project

    other = Project.objects.create(name="Other", slug="other")
    theirs = Webhook.objects.create(project=other, url="https://x.example.org/", events=["export.done"])
    for action in ("", "test", "switch", "secret", "remove"):
        ask = as_lea.post if action else as_lea.get
        assert ask(f"{PAGE}{theirs.pk}/{action}").status_code == 404
    assert Webhook.objects.filter(pk=theirs.pk).exists()
