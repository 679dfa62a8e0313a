"""Adding photos: uploads, addresses, folders."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image as Picture

from annotation.models import Image, ImportRun, Region
from annotation.services.import_runner import run_import
from annotation.services.uploads import safe_name, uploads_root

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_lea(client: Client, lea: Any) -> Client:
    client.force_login(lea)
    return client


def at(name: str) -> str:
    return reverse(f"annotation:{name}", args=["street"])


def jpeg(name: str = "a.jpg", shade: int = 90) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Picture.new("RGB", (64, 48), (shade, 20, 30)).save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def upload(client: Client, **data: Any) -> Any:
    return client.post(at("upload_photos"), {"format": "folder", **data})


def left_behind() -> list[Path]:
    return [path for path in uploads_root().rglob("*") if path.is_file()] if uploads_root().exists() else []


def test_uploaded_photos_are_imported_by_a_worker(as_lea: Client, project: Any) -> None:
    answer = upload(as_lea, photos=[jpeg("a.jpg", 1), jpeg("b.jpg", 2)], licence="CC0", source="own")
    assert answer.status_code == 302
    run = ImportRun.objects.get()
    assert (run.format, run.state, run.created_by.username) == ("folder", "pending", "lea")  # type: ignore[union-attr]
    assert not Image.objects.exists()
    run_import(run.pk)
    assert sorted(Image.objects.values_list("name", "licence", "source")) == [
        ("a.jpg", "CC0", "own"),
        ("b.jpg", "CC0", "own"),
    ]
    assert left_behind() == []


def test_photos_and_coco_come_together(as_lea: Client, project: Any) -> None:
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 5, "name": "boat"}],
        "annotations": [{"id": 9, "image_id": 1, "category_id": 5, "bbox": [1, 2, 30, 20]}],
    }
    file = SimpleUploadedFile("instances.json", json.dumps(coco).encode())
    assert upload(as_lea, photos=jpeg(), annotations=file, format="coco", producer="Ana").status_code == 302
    run_import(ImportRun.objects.get().pk)
    assert Region.objects.get().box == (1, 2, 31, 22)


def test_yolo_needs_photos_and_names(as_lea: Client, project: Any) -> None:
    labels = SimpleUploadedFile("a.txt", b"0 0.5 0.5 0.5 0.5\n")
    page = upload(as_lea, annotations=labels, format="yolo").content.decode()
    assert "the photos must come along" in page
    assert "Add the file with their names" in page
    labels.seek(0)
    names = SimpleUploadedFile("names.txt", b"boat\n")
    assert upload(as_lea, photos=jpeg(), annotations=labels, names=names, format="yolo").status_code == 302
    run_import(ImportRun.objects.get().pk)
    assert Region.objects.get().box == (16, 12, 48, 36)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose at least one photo."),
        ({"annotations": SimpleUploadedFile("x.json", b"{}")}, "Choose the format of the annotation files."),
        ({"format": "coco"}, "Choose the annotation files"),
        ({"format": "excel"}, "not one of the available choices"),
        ({"photos": SimpleUploadedFile("notes.txt", b"hello")}, "None of these files is a photo."),
        ({"photos": jpeg(), "licence": "x" * 101}, "at most 100 characters"),
    ],
)
def test_a_form_that_does_not_fit_says_so_and_keeps_nothing(
    as_lea: Client, project: Any, data: dict[str, Any], said: str
) -> None:
    for file in data.values():
        if hasattr(file, "seek"):
            file.seek(0)
    answer = upload(as_lea, **data)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not ImportRun.objects.exists()
    assert left_behind() == []


def test_the_page_s_script_gets_the_same_words_as_json(as_lea: Client, project: Any) -> None:
    json_too = {"headers": {"Accept": "application/json"}}
    refused = as_lea.post(at("upload_photos"), {"format": "folder"}, **json_too)  # type: ignore[arg-type]
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "Photos: Choose at least one photo."
    taken = as_lea.post(at("upload_photos"), {"format": "folder", "photos": jpeg()}, **json_too)  # type: ignore[arg-type]
    assert (taken.status_code, taken.json()) == (201, {"next": at("photos")})


def test_files_that_are_no_photos_are_named_and_the_rest_goes_on(as_lea: Client, project: Any) -> None:
    strange = SimpleUploadedFile("<i>notes</i>.txt", b"hello")
    answer = as_lea.post(at("upload_photos"), {"format": "folder", "photos": [jpeg(), strange]}, follow=True)
    assert "1 file is no photo and was left out" in answer.content.decode()
    assert "<i>notes" not in answer.content.decode()
    run_import(ImportRun.objects.get().pk)
    assert Image.objects.get().name == "a.jpg"


def test_cancelling_before_a_worker_came_removes_the_upload(as_lea: Client, project: Any) -> None:
    upload(as_lea, photos=jpeg())
    assert len(left_behind()) == 1
    run = ImportRun.objects.get()
    as_lea.post(reverse("annotation:cancel_import", args=["street", run.pk]))
    assert left_behind() == []
    assert run_import(run.pk) is None
    assert not Image.objects.exists()


def test_two_files_of_one_name_are_both_kept(as_lea: Client, project: Any) -> None:
    upload(as_lea, photos=[jpeg("a.jpg", 1), jpeg("a.jpg", 200)])
    run_import(ImportRun.objects.get().pk)
    assert sorted(Image.objects.values_list("name", flat=True)) == ["a (2).jpg", "a.jpg"]


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(as_lea: Client, project: Any, settings: Any) -> None:
    settings.ARGUS_MAX_UPLOAD_BYTES = 500
    answer = as_lea.post(
        at("upload_photos"),
        {"format": "folder", "photos": jpeg()},
        headers={"Accept": "application/json"},  # type: ignore[arg-type]
    )
    assert answer.status_code == 413
    assert "one upload may have 500\xa0bytes" in answer.json()["error"]["message"]
    assert not uploads_root().exists()


def test_too_many_files_are_refused(as_lea: Client, project: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    answer = upload(as_lea, photos=[jpeg(f"{n}.jpg", n) for n in range(3)])
    assert answer.status_code == 413
    assert "may have 2 files" in answer.content.decode()
    assert left_behind() == []


def test_an_upload_that_breaks_off_leaves_nothing(as_lea: Client, project: Any) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'
    answer = as_lea.post(at("upload_photos"), body + b"abc", content_type="multipart/form-data")
    assert answer.status_code == 400
    assert left_behind() == []


def test_people_who_may_not_add_photos_upload_nothing(client: Client, cleo: Any, otto: Any, project: Any) -> None:
    for person, status in ((cleo, 403), (otto, 404)):
        client.force_login(person)
        assert upload(client, photos=jpeg()).status_code == status
        assert client.post(at("fetch_photos"), {"addresses": "https://example.org/a.jpg"}).status_code == status
    assert not uploads_root().exists()


def test_a_forged_upload_is_refused(lea: Any, project: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(lea)
    assert upload(client, photos=jpeg()).status_code == 403
    assert not ImportRun.objects.exists()
    assert left_behind() == []


def test_a_genuine_upload_passes_the_same_check(lea: Any, project: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(lea)
    token = client.get(at("add_photos")).context["csrf_token"]
    assert upload(client, photos=jpeg(), csrfmiddlewaretoken=str(token)).status_code == 302


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\lea\\boat.JPG", "boat.JPG"),
        (".bashrc", "bashrc"),
        ("a\u202egpj.exe\x00\n.jpg", "agpj.exe .jpg"),
        ("", "file"),
        ("..", "file"),
        ('a<b>"c|d?.png', "a_b__c_d_.png"),
    ],
)
def test_file_names_are_made_safe(name: str, expected: str) -> None:
    assert safe_name(name) == expected


def test_long_file_names_keep_their_suffix() -> None:
    name = safe_name("é" * 500 + ".jpeg")
    assert name.endswith(".jpeg")
    assert len(name.encode()) <= 200


def test_addresses_become_an_import(as_lea: Client, project: Any) -> None:
    addresses = "https://example.org/a.jpg\n\n  https://example.org/a.jpg \nHTTP://example.org/b.jpg"
    assert as_lea.post(at("fetch_photos"), {"addresses": addresses}).status_code == 302
    run = ImportRun.objects.get()
    assert run.format == "urls"
    assert Path(run.options["urls"]).read_text() == "https://example.org/a.jpg\nHTTP://example.org/b.jpg\n"


def test_what_is_no_address_is_named_with_its_line(as_lea: Client, project: Any) -> None:
    answer = as_lea.post(at("fetch_photos"), {"addresses": "https://example.org/a.jpg\nfile:///etc/passwd"})
    assert answer.status_code == 400
    assert "Line 2 does not begin with http:// or https://: file:///etc/passwd" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_without_import_roots_there_is_no_folder_form(as_lea: Client, project: Any) -> None:
    assert "From a folder of the server" not in as_lea.get(at("add_photos")).content.decode()
    assert as_lea.post(at("read_folder"), {"root": "0", "below": ""}).status_code == 400


def test_a_folder_inside_a_root_is_imported(as_lea: Client, project: Any, settings: Any, tmp_path: Path) -> None:
    settings.ARGUS_IMPORT_ROOTS = [tmp_path / "shared"]
    (tmp_path / "shared" / "2024").mkdir(parents=True)
    (tmp_path / "shared" / "2024" / "boat.jpg").write_bytes(jpeg().read())
    assert "From a folder of the server" in as_lea.get(at("add_photos")).content.decode()
    assert as_lea.post(at("read_folder"), {"root": "0", "below": "2024"}).status_code == 302
    run_import(ImportRun.objects.get().pk)
    assert Image.objects.get().name == "boat.jpg"


@pytest.mark.parametrize("below", ["../private", "..", "link", "missing", "a\0b", "/etc"])
def test_a_folder_outside_of_the_roots_is_refused(
    as_lea: Client, project: Any, settings: Any, tmp_path: Path, below: str
) -> None:
    settings.ARGUS_IMPORT_ROOTS = [tmp_path / "shared"]
    (tmp_path / "shared").mkdir()
    (tmp_path / "private").mkdir()
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "private")
    assert as_lea.post(at("read_folder"), {"root": "0", "below": below}).status_code == 400
    assert not ImportRun.objects.exists()


def test_a_root_that_is_not_listed_is_refused(as_lea: Client, project: Any, settings: Any, tmp_path: Path) -> None:
    settings.ARGUS_IMPORT_ROOTS = [tmp_path]
    assert as_lea.post(at("read_folder"), {"root": "1", "below": ""}).status_code == 400
