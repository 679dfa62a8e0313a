"""Pages of annotation: each area lists its own."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "annotation"
urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/explore/", include("annotation.views.explore_urls")),
    path("p/<slug:slug>/photos/", include("annotation.views.photo_urls")),
    path("p/<slug:slug>/images/", include("annotation.views.image_urls")),
]
