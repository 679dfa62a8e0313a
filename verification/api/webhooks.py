"""Webhooks: addresses that are told what happens, with the log of each. For leads."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from verification.models import DeliveryState, Webhook, WebhookEvent
from verification.selectors.webhooks import deliveries_of, delivery_of, webhook_of, webhooks_of
from verification.services.webhooks import (
    add_webhook,
    remove_webhook,
    renew_secret,
    secret_of,
    send_again,
    send_test,
    switch_webhook,
)
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_of
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action

_MANAGE = Needs(TokenScope.MANAGE, Action.MANAGE_WEBHOOKS)


class WebhookSent(StrictSerializer):
    url = serializers.CharField(max_length=500, help_text="A public https:// address.")
    events = serializers.ListField(child=serializers.ChoiceField(choices=WebhookEvent.choices), min_length=1)


class SwitchSent(StrictSerializer):
    is_active = serializers.BooleanField()


class DeliveriesQuery(StrictSerializer):
    after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class WebhookSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=WebhookEvent.choices))
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class MadeWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="Messages are signed with it. It is shown now and never again.")


class WebhooksAnswer(serializers.Serializer[Any]):
    items = WebhookSerializer(many=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """`status`: of the last answer."""

    id = serializers.IntegerField()
    uid = serializers.UUIDField()
    event = serializers.CharField(help_text="`test`, or what happened.")
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    payload = serializers.JSONField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RemovedAnswer(serializers.Serializer[Any]):
    removed = serializers.BooleanField()


class WebhooksView(ApiView):
    needs: ClassVar = {"GET": _MANAGE, "POST": _MANAGE}

    @extend_schema(
        operation_id="webhooks_list", summary="Addresses that are told", responses=WebhooksAnswer, tags=["webhooks"]
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(WebhooksAnswer({"items": webhooks_of(self.project)}).data)

    @extend_schema(
        operation_id="webhooks_create",
        summary="Tell an address what happens",
        request=WebhookSent,
        responses={201: MadeWebhookSerializer},
        tags=["webhooks"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """400 for an address that is not public; 409 when it is told already."""
        made = add_webhook(project=self.project, user=self.person, **self.sent(WebhookSent))
        return Response(_made(made), status=status.HTTP_201_CREATED)


class WebhookView(ApiView):
    needs: ClassVar = {"GET": _MANAGE}

    @extend_schema(operation_id="webhooks_get", summary="One address", responses=WebhookSerializer, tags=["webhooks"])
    def get(self, request: Request, slug: str, webhook_id: int) -> Response:
        return Response(WebhookSerializer(_webhook(self, webhook_id)).data)


class DeliveriesView(ApiView):
    needs: ClassVar = {"GET": _MANAGE}

    @extend_schema(
        operation_id="webhooks_deliveries",
        summary="What an address was told, the newest first",
        parameters=[DeliveriesQuery],
        responses=page_of(DeliverySerializer, "Deliveries"),
        tags=["webhooks"],
    )
    def get(self, request: Request, slug: str, webhook_id: int) -> Response:
        page = deliveries_of(_webhook(self, webhook_id), before=self.query(DeliveriesQuery).get("after"))
        return Response({"items": DeliverySerializer(page.deliveries, many=True).data, "next": page.older})


class TestWebhookView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="webhooks_test",
        summary="Send a test message",
        request=None,
        responses={202: DeliverySerializer},
        tags=["webhooks"],
    )
    def post(self, request: Request, slug: str, webhook_id: int) -> Response:
        delivery = send_test(webhook=_webhook(self, webhook_id), user=self.person)
        delivery.refresh_from_db()
        return Response(DeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED)


class SwitchWebhookView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="webhooks_switch",
        summary="Stop telling an address, or begin again",
        request=SwitchSent,
        responses=WebhookSerializer,
        tags=["webhooks"],
    )
    def post(self, request: Request, slug: str, webhook_id: int) -> Response:
        """What happens meanwhile is not told later."""
        webhook = _webhook(self, webhook_id)
        switch_webhook(webhook=webhook, user=self.person, is_active=self.sent(SwitchSent)["is_active"])
        return Response(WebhookSerializer(webhook).data)


class RenewSecretView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="webhooks_secret",
        summary="Make a new secret; the old one signs nothing any more",
        request=None,
        responses=MadeWebhookSerializer,
        tags=["webhooks"],
    )
    def post(self, request: Request, slug: str, webhook_id: int) -> Response:
        webhook = _webhook(self, webhook_id)
        renew_secret(webhook=webhook, user=self.person)
        return Response(_made(webhook))


class RemoveWebhookView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="webhooks_remove",
        summary="Remove an address with its log",
        request=None,
        responses=RemovedAnswer,
        tags=["webhooks"],
    )
    def post(self, request: Request, slug: str, webhook_id: int) -> Response:
        remove_webhook(webhook=_webhook(self, webhook_id), user=self.person)
        return Response(RemovedAnswer({"removed": True}).data)


class SendAgainView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="webhooks_send_again",
        summary="Send a message again",
        request=None,
        responses={202: DeliverySerializer},
        tags=["webhooks"],
    )
    def post(self, request: Request, slug: str, webhook_id: int, delivery_id: int) -> Response:
        """409 while it waits for its next attempt anyway."""
        delivery = delivery_of(
            webhook=_webhook(self, webhook_id), delivery_id=delivery_id if delivery_id < 2**63 else 0
        )
        send_again(delivery=delivery, user=self.person)
        delivery.refresh_from_db()
        return Response(DeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED)


def _webhook(view: ApiView, webhook_id: int) -> Webhook:
    return webhook_of(project=view.project, webhook_id=webhook_id if webhook_id < 2**63 else 0)


def _made(webhook: Webhook) -> Any:
    names = ("id", "url", "events", "is_active", "created_at")
    webhook.refresh_from_db()
    return MadeWebhookSerializer(
        {**{name: getattr(webhook, name) for name in names}, "secret": secret_of(webhook)}
    ).data
