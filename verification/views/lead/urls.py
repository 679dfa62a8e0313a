"""Addresses of the lead's loop pages, below p/<slug>/."""

from django.urls import path

from verification.views.lead import items, loops, qualifying, stranded, takedowns, webhooks

urlpatterns = [
    path("loops/", loops.loops, name="loops"),
    path("loops/start", loops.start, name="start_loop"),
    path("loops/new-photos", loops.new_photos, name="annotate_new_photos"),
    path("loops/<int:loop_number>/", loops.loop, name="loop"),
    path("loops/<int:loop_number>/failures/", loops.failures, name="loop_failures"),
    path("loops/<int:loop_number>/cancel", loops.cancel, name="cancel_loop"),
    path("loops/<int:loop_number>/close", loops.close, name="close_verification"),
    path("loops/<int:loop_number>/retry", loops.retry, name="retry_loop"),
    path("takedowns/", takedowns.takedowns, name="takedowns"),
    path("takedowns/<int:takedown_id>/", takedowns.takedown, name="takedown"),
    path("items/", items.items, name="items"),
    path("items/confirm", items.confirm, name="confirm_items"),
    path("items/act", items.act, name="act_on_items"),
    path("items/share", items.share, name="share_items"),
    path("items/priority", items.prioritise, name="prioritise_sample"),
    path("items/waiting/", stranded.stranded, name="stranded_items"),
    path("items/waiting/let-go", stranded.let_go, name="let_go_of_holds"),
    path("settings/qualifying/", qualifying.qualifying, name="qualifying"),
    path("settings/qualifying/change", qualifying.change_qualifying, name="change_qualifying"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<int:webhook_id>/test", webhooks.test, name="test_webhook"),
    path("webhooks/<int:webhook_id>/switch", webhooks.switch, name="switch_webhook"),
    path("webhooks/<int:webhook_id>/secret", webhooks.renew, name="renew_webhook"),
    path("webhooks/<int:webhook_id>/remove", webhooks.remove, name="remove_webhook"),
    path("webhooks/<int:webhook_id>/again/<int:delivery_id>", webhooks.again, name="send_webhook_again"),
]
