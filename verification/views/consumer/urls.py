"""Addresses of the consumer's pages, below p/<slug>/."""

from django.urls import path

from verification.views.consumer import downloads, exports

urlpatterns = [
    path("exports/", exports.exports, name="exports"),
    path("exports/<int:export_id>/", exports.export, name="export"),
    path("exports/<int:export_id>/cancel", exports.cancel, name="cancel_export"),
    path("exports/<int:export_id>/download", downloads.download, name="download_export"),
    path("exports/<int:export_id>/download.meta.json", downloads.download_meta, name="download_export_meta"),
    path("exports/schema/<slug:version>.json", downloads.schema, name="export_schema"),
]
