"""Addresses of verification in the API, below projects/<slug>/."""

from django.urls import path

from verification.api import exports, loops, statistics, work

urlpatterns = [
    path("work/tags/lease", work.LeaseView.as_view(), name="work_lease"),
    path("work/tags/submit", work.SubmitView.as_view(), name="work_submit"),
    path("work/tags/undo", work.UndoView.as_view(), name="work_undo"),
    path("work/tags/skip", work.SkipView.as_view(), name="work_skip"),
    path("work/tags/release", work.ReleaseView.as_view(), name="work_release"),
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
