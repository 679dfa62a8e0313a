"""Pages of verification."""

from django.urls import URLPattern, URLResolver, include, path

from verification.views.home import home

app_name = "verification"
urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/work/", include("verification.views.annotator.urls")),  # first: asked for with every item
    path("p/<slug:slug>/", home, name="home"),
    path("p/<slug:slug>/", include("verification.views.consumer.urls")),
    path("p/<slug:slug>/", include("verification.views.lead.urls")),
    path("p/<slug:slug>/", include("verification.views.lead.audit_urls")),
    path("p/<slug:slug>/review/", include("verification.views.expert.urls")),
    path("p/<slug:slug>/packages/", include("verification.views.lead.package_urls")),
    path("p/<slug:slug>/audit/", include("verification.views.expert_audit.urls")),
    path("p/<slug:slug>/", include("verification.views.quality_urls")),
]
