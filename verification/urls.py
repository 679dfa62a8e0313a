"""Pages of verification."""

from django.urls import URLPattern, URLResolver, path

from verification.views.home import home

app_name = "verification"
urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/", home, name="home"),
]
