from django.urls import path

from annotation.views import adding, photos

urlpatterns = [
    path("", photos.photos, name="photos"),
    path("add/", adding.add_photos, name="add_photos"),
    path("add/upload", adding.upload_photos, name="upload_photos"),
    path("add/addresses", adding.fetch_photos, name="fetch_photos"),
    path("add/folder", adding.read_folder, name="read_folder"),
    path("imports/<int:import_id>/", photos.import_page, name="import"),
    path("imports/<int:import_id>/cancel", photos.cancel, name="cancel_import"),
    path("imports/<int:import_id>/problems.jsonl", photos.problems_file, name="import_problems"),
]
