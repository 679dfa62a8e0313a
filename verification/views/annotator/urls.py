"""An annotator's pages and the endpoints behind them: the same five for each kind of task."""

from django.urls import URLPattern, path

from verification.views.annotator import items, qualifying
from verification.views.annotator.my_work import my_work
from verification.views.annotator.screens import SCREENS, Screen, work_screen
from verification.views.lead import qualifying as lead_qualifying


def _of(screen: Screen) -> list[URLPattern]:
    address, name, kind = f"p/<slug:slug>/work/{screen.folder}/", screen.name, {"kind": screen.kind}
    return [
        path(address, work_screen, {"screen": screen}, name=f"{name}_task"),
        path(f"{address}lease", items.lease, kind, name=f"{name}_lease"),
        path(f"{address}submit", items.submit, kind, name=f"{name}_submit"),
        path(f"{address}undo", items.undo, name=f"{name}_undo"),
        path(f"{address}skip", items.skip, kind, name=f"{name}_skip"),
        path(f"{address}release", items.release, name=f"{name}_release"),
    ]


urlpatterns = [
    path("p/<slug:slug>/work/", my_work, name="my_work"),
    path("p/<slug:slug>/work/shortcuts", items.shortcuts, name="work_shortcuts"),
    path("p/<slug:slug>/work/keys", items.keys, name="work_keys"),
    path("p/<slug:slug>/work/qualify/", qualifying.qualify, name="qualify"),
    path("p/<slug:slug>/work/qualify/answer", qualifying.answer_qualifying, name="answer_qualifying"),
    path("p/<slug:slug>/settings/qualifying/", lead_qualifying.qualifying, name="qualifying"),
    path("p/<slug:slug>/settings/qualifying/change", lead_qualifying.change_qualifying, name="change_qualifying"),
    *(pattern for screen in SCREENS for pattern in _of(screen)),
]
