from django.urls import path

from bench.bare_django import views

urlpatterns = [
    path("take", views.take),
    path("submit", views.submit),
    path("both", views.both),
]
