"""All addresses. Each application lists its own pages."""

from django.contrib import admin
from django.urls import include, path

from webapp.health import healthz, livez

# Addresses are tried one after the other: what is asked most stands first.
urlpatterns = [
    path("", include("verification.urls")),
    path("", include("webapp.projects.urls")),
    path("", include("annotation.urls")),
    path("api/v1/", include("webapp.api.urls")),
    path("accounts/", include("webapp.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("livez", livez, name="livez"),
]

handler400 = "webapp.core.error_pages.bad_request"
handler403 = "webapp.core.error_pages.forbidden"
handler404 = "webapp.core.error_pages.not_found"
handler500 = "webapp.core.error_pages.server_error"
