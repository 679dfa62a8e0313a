from django.urls import re_path

from annotation.views.images import image_file

urlpatterns = [
    # Anything else than the two derivatives is no address at all.
    re_path(r"^(?P<image_id>[0-9]{1,18})/(?P<variant>display|thumbnail)$", image_file, name="image_file"),
]
