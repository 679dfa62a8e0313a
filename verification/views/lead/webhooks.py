"""Webhooks: addresses that are told what happens, with the log of each."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from verification.models import Webhook, WebhookEvent
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
from webapp.core.errors import ArgusError
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("A public https:// address. It gets a signed message by POST."),
        widget=forms.URLInput(attrs={"class": "input", "autocomplete": "off", "placeholder": "https://"}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"),
        choices=WebhookEvent,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )


@project_view(Action.MANAGE_WEBHOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def webhooks(request: ProjectRequest) -> HttpResponse:
    """The list with the form. A new one is answered with the page itself: its secret survives no redirect."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    made: Webhook | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = add_webhook(project=request.project, user=request.user, **form.cleaned_data)
            form = WebhookForm()
        except ArgusError as error:
            form.add_error("url", error.message)
    return _list(request, form, made, status=400 if form.errors else 200)


@project_view(Action.MANAGE_WEBHOOKS)
@require_POST
@never_cache
def renew(request: ProjectRequest, webhook_id: int) -> HttpResponse:
    """A new secret, shown once."""
    found = webhook_of(project=request.project, webhook_id=webhook_id)
    renew_secret(webhook=found, user=request.user)
    return _list(request, WebhookForm(), found)


def _list(request: ProjectRequest, form: WebhookForm, shown: Webhook | None, *, status: int = 200) -> HttpResponse:
    labels = dict(WebhookEvent.choices)
    rows = [(webhook, [labels[event] for event in webhook.events]) for webhook in webhooks_of(request.project)]
    context = {"form": form, "rows": rows, "made": shown, "secret": secret_of(shown) if shown else ""}
    return render(request, "verification/webhooks/list.html", context, status=status)


@project_view(Action.MANAGE_WEBHOOKS)
@require_safe
def webhook(request: ProjectRequest, webhook_id: int) -> HttpResponse:
    """One address with what it was told, the newest first."""
    found = webhook_of(project=request.project, webhook_id=webhook_id)
    before = request.GET.get("before", "")
    page = deliveries_of(found, before=int(before) if before.isdecimal() and len(before) < 19 else None)
    labels = dict(WebhookEvent.choices)
    context = {
        "webhook": found,
        "events": [labels[event] for event in found.events],
        "page": page,
        "is_first_page": not before,
        "labels": labels,
    }
    return render(request, "verification/webhooks/detail.html", context)


@project_view(Action.MANAGE_WEBHOOKS)
@require_POST
def test(request: ProjectRequest, webhook_id: int) -> HttpResponse:
    found = webhook_of(project=request.project, webhook_id=webhook_id)
    send_test(webhook=found, user=request.user)
    messages.success(request, _("A test message is on its way. Load the page again to see its outcome."))
    return redirect("verification:webhook", request.project.slug, found.pk)


@project_view(Action.MANAGE_WEBHOOKS)
@require_POST
def again(request: ProjectRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    found = webhook_of(project=request.project, webhook_id=webhook_id)
    send_again(delivery=delivery_of(webhook=found, delivery_id=delivery_id), user=request.user)
    messages.success(request, _("The message is sent again."))
    return redirect("verification:webhook", request.project.slug, found.pk)


@project_view(Action.MANAGE_WEBHOOKS)
@require_POST
def switch(request: ProjectRequest, webhook_id: int) -> HttpResponse:
    """`active`: yes or no."""
    found = webhook_of(project=request.project, webhook_id=webhook_id)
    switch_webhook(webhook=found, user=request.user, is_active=request.POST.get("active") == "yes")
    if found.is_active:
        messages.success(request, _("This address is told again what happens from now on."))
    else:
        messages.success(request, _("This address is told nothing until you switch it on again."))
    return redirect("verification:webhook", request.project.slug, found.pk)


@project_view(Action.MANAGE_WEBHOOKS)
@require_POST
def remove(request: ProjectRequest, webhook_id: int) -> HttpResponse:
    remove_webhook(webhook=webhook_of(project=request.project, webhook_id=webhook_id), user=request.user)
    messages.success(request, _("The webhook and its log are removed."))
    return redirect("verification:webhooks", request.project.slug)
