"""An expert's pages and the endpoints behind them, below p/<slug>/review/."""

from django.urls import path

from verification.views.expert import marks, pages

urlpatterns = [
    path("", pages.desk, name="desk"),
    path("take", pages.take, name="take_package"),
    path("<int:package_id>/", pages.package, name="package"),
    path("<int:package_id>/mark", marks.mark, name="mark_item"),
    path("<int:package_id>/unmark", marks.unmark, name="unmark_item"),
    path("<int:package_id>/close", pages.close, name="close_package"),
    path("<int:package_id>/give-back", pages.give_back, name="give_back_package"),
]
