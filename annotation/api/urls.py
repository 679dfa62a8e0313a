"""Addresses of annotation in the API, below projects/<slug>/."""

from django.urls import re_path

from annotation.api.images import ImageView

urlpatterns = [
    re_path(
        r"^images/(?P<image_id>[0-9]{1,18})/(?P<variant>display|thumbnail)$", ImageView.as_view(), name="image_file"
    ),
]
