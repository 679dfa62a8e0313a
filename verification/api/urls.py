"""Addresses of verification in the API, below projects/<slug>/."""

from django.urls import path, re_path

from verification.api import exports, loops, packages, statistics, work

urlpatterns = [
    *(
        re_path(rf"^work/(?P<kind>tags|questions|answers)/{name}$", view.as_view(), name=f"work_{name}")
        for name, view in work.VIEWS.items()
    ),
    path("packages", packages.PackagesView.as_view(), name="packages"),
    path("packages/take", packages.TakeView.as_view(), name="take_package"),
    path("packages/<int:package_id>", packages.PackageView.as_view(), name="package"),
    path("packages/<int:package_id>/rule", packages.RuleView.as_view(), name="rule_item"),
    path("packages/<int:package_id>/close", packages.CloseView.as_view(), name="close_package"),
    path("packages/<int:package_id>/give-back", packages.GiveBackView.as_view(), name="give_back_package"),
    path("loops", loops.LoopsView.as_view(), name="loops"),
    path("loops/<int:loop_number>", loops.LoopView.as_view(), name="loop"),
    path("loops/<int:loop_number>/cancel", loops.CancelLoopView.as_view(), name="cancel_loop"),
    path("exports", exports.ExportsView.as_view(), name="exports"),
    path("exports/<int:export_id>", exports.ExportView.as_view(), name="export"),
    path("exports/<int:export_id>/cancel", exports.CancelExportView.as_view(), name="cancel_export"),
    path("exports/<int:export_id>/file", exports.ExportFileView.as_view(), name="export_file"),
    path("exports/<int:export_id>/meta", exports.ExportMetaView.as_view(), name="export_meta"),
    path("statistics", statistics.ProjectStatisticsView.as_view(), name="statistics"),
    path("statistics/me", statistics.OwnStatisticsView.as_view(), name="own_statistics"),
]
