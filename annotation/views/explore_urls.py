from django.urls import path

from annotation.views.explore import concepts, explore

urlpatterns = [
    path("", explore, name="explore"),
    path("concepts/", concepts, name="explore_concepts"),
]
