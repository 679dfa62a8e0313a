"""An annotator's pages and the endpoints behind them."""

from django.urls import path

from verification.views.annotator import items, pages

urlpatterns = [
    path("p/<slug:slug>/work/", pages.my_work, name="my_work"),
    path("p/<slug:slug>/work/tags/", pages.tag_task, name="tag_task"),
    path("p/<slug:slug>/work/tags/lease", items.lease, name="tag_lease"),
    path("p/<slug:slug>/work/tags/submit", items.submit, name="tag_submit"),
    path("p/<slug:slug>/work/tags/undo", items.undo, name="tag_undo"),
    path("p/<slug:slug>/work/tags/skip", items.skip, name="tag_skip"),
    path("p/<slug:slug>/work/tags/release", items.release, name="tag_release"),
    path("p/<slug:slug>/work/shortcuts", items.shortcuts, name="work_shortcuts"),
]
