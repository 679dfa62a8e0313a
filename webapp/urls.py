"""All addresses. Each application lists its own pages."""

from django.contrib import admin
from django.urls import include, path

from webapp.health import healthz, livez

urlpatterns = [
    path("", include("webapp.projects.urls")),
    path("", include("annotation.urls")),
    path("", include("verification.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("livez", livez, name="livez"),
]
