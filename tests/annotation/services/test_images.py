import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image as Picture

from annotation.decoding import ImageRefused
from annotation.models import Image
from annotation.services.images import PhotoDetails, add_image, add_images, sha256_of, store_photo
from tests.annotation.services.conftest import jpeg
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def stored(key: str) -> bytes:
    with default_storage.open(key) as file:
        return bytes(file.read())


DETAILS = PhotoDetails("a.jpg", "http://x.example/a.jpg", "CC0", "mine")


def test_a_photo_is_stored_with_its_derivatives_under_its_digest(project: Any) -> None:
    data = jpeg(1, (3000, 1500))
    added = add_image(project_id=project.pk, data=data, details=DETAILS)
    image = Image.objects.get()
    assert added.created
    assert added.image == image
    assert (image.width, image.height, image.file_bytes) == (3000, 1500, len(data))
    assert (image.name, image.url, image.licence, image.source) == ("a.jpg", "http://x.example/a.jpg", "CC0", "mine")
    assert 0.3 < image.mean_luma < 0.7
    assert image.sha256 in image.original
    assert stored(image.original) == data
    assert Picture.open(io.BytesIO(stored(image.display))).size == (2560, 1280)
    assert Picture.open(io.BytesIO(stored(image.thumbnail))).size == (384, 192)


def test_the_same_picture_again_is_already_there(project: Any) -> None:
    first = add_image(project_id=project.pk, data=jpeg(1), details=DETAILS)
    again = add_image(project_id=project.pk, data=jpeg(1), details=PhotoDetails("other.jpg"))
    assert (again.created, again.image.pk) == (False, first.image.pk)
    assert Image.objects.get().name == "a.jpg"


def test_the_same_picture_twice_in_a_batch_is_one_row(project: Any) -> None:
    photos = [store_photo(jpeg(number), PhotoDetails(f"{place}.jpg")) for place, number in enumerate((1, 2, 1))]
    added = add_images(project_id=project.pk, photos=photos)
    assert [item.created for item in added] == [True, True, False]
    assert added[0].image == added[2].image
    assert sorted(Image.objects.values_list("name", flat=True)) == ["0.jpg", "1.jpg"]


def test_two_projects_share_the_file_and_not_the_row(project: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    one = add_image(project_id=project.pk, data=jpeg(1), details=DETAILS)
    two = add_image(project_id=other.pk, data=jpeg(1), details=DETAILS)
    assert two.created
    assert two.image.pk != one.image.pk
    assert two.image.original == one.image.original


def test_names_lose_what_could_disturb_a_page(project: Any) -> None:
    name = "<b>\u202egpj.\x07\udcff" + "x" * 400 + ".jpg"
    image = add_image(project_id=project.pk, data=jpeg(1), details=PhotoDetails(name)).image
    image.refresh_from_db()
    assert image.name.endswith("x.jpg")
    assert len(image.name) == 255
    assert image.name.isprintable()


def test_a_refused_photo_leaves_no_row_and_no_file(project: Any, settings: Any) -> None:
    with pytest.raises(ImageRefused):
        add_image(project_id=project.pk, data=jpeg(1)[:300], details=DETAILS)
    assert not Image.objects.exists()
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_limits_come_from_the_settings(project: Any, settings: Any, tmp_path: Path) -> None:
    settings.ARGUS_MAX_IMAGE_PIXELS = 7_999
    with pytest.raises(ImageRefused) as caught:
        add_image(project_id=project.pk, data=jpeg(1), details=DETAILS)
    assert caught.value.code == "too_many_pixels"
    settings.ARGUS_MAX_IMAGE_BYTES = 10
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    with pytest.raises(ImageRefused) as caught:
        sha256_of(tmp_path / "a.jpg")
    assert caught.value.code == "too_many_bytes"
