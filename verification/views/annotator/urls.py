"""An annotator's pages below `work/` and the endpoints behind them: the same five for each kind of task."""

from django.urls import URLPattern, path

from verification.views.annotator import items, qualifying
from verification.views.annotator.my_work import my_work
from verification.views.annotator.screens import SCREENS, Screen, work_screen


def _of(screen: Screen) -> list[URLPattern]:
    address, name, kind = f"{screen.folder}/", screen.name, {"kind": screen.kind}
    return [
        path(address, work_screen, {"screen": screen}, name=f"{name}_task"),
        path(f"{address}lease", items.lease, kind, name=f"{name}_lease"),
        path(f"{address}submit", items.submit, kind, name=f"{name}_submit"),
        path(f"{address}undo", items.undo, name=f"{name}_undo"),
        path(f"{address}skip", items.skip, kind, name=f"{name}_skip"),
        path(f"{address}release", items.release, name=f"{name}_release"),
    ]


urlpatterns = [
    *(pattern for screen in SCREENS for pattern in _of(screen)),
    path("", my_work, name="my_work"),
    path("shortcuts", items.shortcuts, name="work_shortcuts"),
    path("keys", items.keys, name="work_keys"),
    path("qualify/", qualifying.qualify, name="qualify"),
    path("qualify/answer", qualifying.answer_qualifying, name="answer_qualifying"),
]
