import json
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db.models.functions import Now
from PIL import Image as Picture

from annotation import dispatch
from annotation.importers.options import ImportOptions
from annotation.models import Image, ImportedCaption, ImportProblem, ImportRun, ImportState, Region
from annotation.selectors.imports import find_import, import_progress, latest_imports, problems_page
from annotation.services import import_runner, imports
from annotation.services.import_runner import run_import
from annotation.services.imports import cancel_import, claim_import, resume_imports, start_import
from annotation.services.uploads import make_upload_folder
from tests.annotation.services.conftest import box, jpeg
from webapp.core.errors import BadInput
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

Photos = Callable[..., Path]
Coco = Callable[..., Path]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Runs that were sent to a worker."""
    found: list[int] = []
    monkeypatch.setattr(dispatch, "enqueue_import", found.append)
    return found


@pytest.fixture
def start(project: Any, sent: list[int]) -> Callable[..., ImportRun]:
    def work(format_name: str, **options: Any) -> ImportRun:
        chosen = ImportOptions(**options)
        return start_import(project=project, user=None, format=format_name, options=chosen, trusted=True)

    return work


@pytest.fixture
def bring_in(start: Callable[..., ImportRun]) -> Callable[..., ImportRun]:
    """Start an import and run it to its end here."""

    def work(format_name: str, **options: Any) -> ImportRun:
        run = run_import(start(format_name, **options).pk)
        assert run is not None
        return run

    return work


BringIn = Callable[..., ImportRun]


def problems(run: ImportRun) -> list[tuple[str, str, str]]:
    return list(ImportProblem.objects.filter(run=run).order_by("pk").values_list("file", "item", "code"))


def counted(run: ImportRun) -> dict[str, int]:
    """What happened, without zeros."""
    return {name: count for name, count in import_progress(run).counts.items() if count}


# --- photos ---------------------------------------------------------------------------------------------------------


def test_a_folder_comes_in(bring_in: BringIn, photos: Photos, project: Any) -> None:
    run = bring_in("folder", images=photos(20), licence="CC0", source="mine")
    assert (run.state, run.error, run.done, run.total) == (ImportState.DONE, "", 20, 20)
    assert counted(run) == {"images": 20}
    assert set(Image.objects.values_list("project", "licence", "source")) == {(project.pk, "CC0", "mine")}
    assert sorted(Image.objects.values_list("name", flat=True))[:2] == ["1.jpg", "10.jpg"]


def test_the_same_folder_again_changes_nothing(bring_in: BringIn, photos: Photos) -> None:
    folder = photos(3)
    bring_in("folder", images=folder)
    before = list(Image.objects.order_by("pk").values())
    run = bring_in("folder", images=folder)
    assert counted(run) == {"already_there": 3}
    assert list(Image.objects.order_by("pk").values()) == before


def test_pictures_that_are_there_are_not_decoded_again(
    bring_in: BringIn, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photos(3)
    bring_in("folder", images=folder)
    monkeypatch.setattr("annotation.services.images.decode_image", lambda *_: pytest.fail("decoded again"))
    assert counted(bring_in("folder", images=folder)) == {"already_there": 3}


def test_bad_files_are_named_and_the_rest_goes_on(bring_in: BringIn, photos: Photos) -> None:
    folder = photos(2)
    good = jpeg(50)
    (folder / "a-empty.jpg").write_bytes(b"")
    (folder / "b-cut.jpg").write_bytes(good[: len(good) // 2])
    (folder / "c-drawing.jpg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "d-text.png").write_text("no photo")
    Picture.new("L", (12_000, 12_000)).save(folder / "e-bomb.png")
    (folder / "f.heic").write_bytes(b"x")
    Picture.new("CMYK", (40, 40)).save(folder / "g-cmyk.jpg")
    frames = [Picture.new("RGB", (20, 20), colour) for colour in ("red", "green")]
    frames[0].save(folder / "h-moving.gif", save_all=True, append_images=frames[1:])
    run = bring_in("folder", images=folder)
    assert counted(run) == {"images": 4, "problems": 7}
    assert sorted(problems(run)) == [
        ("a-empty.jpg", "", "empty_file"),
        ("b-cut.jpg", "", "truncated"),
        ("c-drawing.jpg", "", "svg"),
        ("d-text.png", "", "not_an_image"),
        ("e-bomb.png", "", "too_many_pixels"),
        ("f.heic", "", "format_not_allowed"),
        ("h-moving.gif", "h-moving.gif", "first_frame"),
    ]


def test_an_import_that_could_do_nothing_has_failed(bring_in: BringIn, photos: Photos, tmp_path: Path) -> None:
    folder = photos(0)
    (folder / "a.jpg").write_text("no photo")
    run = bring_in("folder", images=folder)
    assert run.state == ImportState.FAILED
    assert run.error.startswith("a.jpg: This is not a photo")
    assert bring_in("folder", images=tmp_path / "none").state == ImportState.FAILED
    assert bring_in("folder", images=photos(0, "empty")).state == ImportState.DONE


@pytest.fixture
def web() -> Any:
    """A server of photos on this machine; counts what is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            body = jpeg(int(self.path.strip("/").partition(".")[0])) if "missing" not in self.path else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        server.asked = asked  # type: ignore[attr-defined]
        server.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        yield server
        server.shutdown()


def test_addresses_come_in(bring_in: BringIn, tmp_path: Path, settings: Any, web: Any) -> None:
    settings.ARGUS_FETCH_ALLOW_NETWORKS = ["127.0.0.0/8"]
    urls = tmp_path / "urls.txt"
    urls.write_text(f"{web.address}/1.jpg\n{web.address}/missing.jpg\nftp://x.example/\n{web.address}/2.jpg\n")
    run = bring_in("urls", urls=urls)
    assert counted(run) == {"images": 2, "problems": 2}
    assert problems(run) == [
        ("urls.txt", f"{web.address}/missing.jpg", "http_status"), ("urls.txt", "ftp://x.example/", "bad_scheme"),
    ]  # fmt: skip
    assert set(Image.objects.values_list("name", "url")) == {
        ("1.jpg", f"{web.address}/1.jpg"), ("2.jpg", f"{web.address}/2.jpg"),
    }  # fmt: skip


def test_addresses_that_were_fetched_are_not_asked_again(
    bring_in: BringIn, tmp_path: Path, settings: Any, web: Any
) -> None:
    settings.ARGUS_FETCH_ALLOW_NETWORKS = ["127.0.0.0/8"]
    (tmp_path / "urls.txt").write_text(f"{web.address}/1.jpg\n")
    bring_in("urls", urls=tmp_path / "urls.txt")
    assert counted(bring_in("urls", urls=tmp_path / "urls.txt")) == {"already_there": 1}
    assert web.asked == ["/1.jpg"]


def test_private_addresses_are_refused_by_default(bring_in: BringIn, tmp_path: Path, web: Any) -> None:
    (tmp_path / "urls.txt").write_text(f"{web.address}/1.jpg\n")
    run = bring_in("urls", urls=tmp_path / "urls.txt")
    assert [code for _, _, code in problems(run)] == ["private_address"]
    assert web.asked == []


# --- annotations ----------------------------------------------------------------------------------------------------


def test_photos_boxes_and_captions_come_in_together(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    caption = {"id": 5, "image_id": 2, "caption": "A <b>dog</b>."}
    path = coco(2, [box(1, 1), box(2, 1, category_id=8, bbox=[0, 0, 100, 80]), box(3, 2), caption])
    run = bring_in("coco", annotations=[path], images=photos(2), producer="people", version="v2")
    assert counted(run) == {"images": 2, "regions": 3, "captions": 1}
    assert run.done == 6
    region = Region.objects.get(external_id="1")
    assert region.box == (10, 20, 40, 60)
    assert (region.image.name, region.kind) == ("1.jpg", "imported")
    assert str(region.producer) == "import:people@v2"
    assert ImportedCaption.objects.get().text == "A <b>dog</b>."
    assert ImportedCaption.objects.get().image.name == "2.jpg"


def test_importing_annotations_again_adds_nothing(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    options = {"annotations": [coco(2, [box(1, 1), {"id": 2, "image_id": 1, "caption": "A."}])], "images": photos(2)}
    bring_in("coco", **options)
    again = bring_in("coco", **options)
    assert counted(again) == {"already_there": 2, "regions_already_there": 1, "captions_already_there": 1}
    assert (Region.objects.count(), ImportedCaption.objects.count()) == (1, 1)


def test_annotations_find_photos_of_the_project_by_name(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    bring_in("folder", images=photos(1))
    run = bring_in("coco", annotations=[coco(2, [box(1, 1), box(2, 2)])])
    assert counted(run) == {"already_there": 1, "regions": 1, "left_out": 1, "problems": 1}
    assert problems(run) == [("coco.json", "2.jpg", "unknown_photo")]


def test_two_photos_of_one_name_are_not_guessed_between(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    bring_in("folder", images=photos(1))
    other = photos(0, "other")
    (other / "1.jpg").write_bytes(jpeg(99))
    bring_in("folder", images=other)
    run = bring_in("coco", annotations=[coco(1, [box(1, 1)])])
    assert problems(run) == [("coco.json", "1.jpg", "ambiguous_name")]
    assert not Region.objects.exists()


def test_photos_of_another_project_are_not_found(bring_in: BringIn, photos: Photos, coco: Coco, project: Any) -> None:
    bring_in("folder", images=photos(1))
    Image.objects.update(project=Project.objects.create(name="Other", slug="other"))
    assert problems(bring_in("coco", annotations=[coco(1, [box(1, 1)])])) == [("coco.json", "1.jpg", "unknown_photo")]


def test_boxes_for_a_picture_of_another_size_are_left_out(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    folder = photos(3)
    (folder / "1.jpg").write_bytes(jpeg(1, (80, 100)))
    exif = Picture.Exif()
    exif[0x0112] = 6
    (folder / "2.jpg").write_bytes(jpeg(2, (100, 80), exif=exif))
    run = bring_in("coco", annotations=[coco(3, [box(1, 1), box(2, 2), box(3, 3)])], images=folder)
    assert counted(run) == {"images": 3, "regions": 1, "left_out": 2, "problems": 2}
    assert {code for _, _, code in problems(run)} == {"size_mismatch"}
    assert "EXIF" in ImportProblem.objects.first().message  # type: ignore[union-attr]
    assert Region.objects.get().external_id == "3"


def test_every_bad_annotation_is_named(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    annotations = [
        box(1, 1),
        box(2, 99),
        box(1, 1, bbox=[0, 0, 9, 9]),
        box(3, 1, bbox=[float("nan"), 0, 9, 9]),
        box(4, 1, bbox=[50, 0, -9, 9]),
        box(5, 1, bbox=[95, 0, 9, 9]),
        box(6, 1, segmentation={"size": [80, 100], "counts": [1, 2]}),
    ]
    run = bring_in("coco", annotations=[coco(1, annotations)], images=photos(1))
    assert counted(run) == {"images": 1, "regions": 1, "problems": 6}
    assert problems(run) == [
        ("coco.json", "annotation 2", "unknown_image"),
        ("coco.json", "annotation 1", "duplicate_id"),
        ("coco.json", "annotation 3", "not_finite"),
        ("coco.json", "annotation 4", "inverted_box"),
        ("coco.json", "annotation 5", "outside"),
        ("coco.json", "annotation 6", "bad_mask"),
    ]


def test_a_file_that_breaks_off_writes_nothing(bring_in: BringIn, photos: Photos, coco: Coco) -> None:
    path = coco(2, [box(number, 1, bbox=[number, 0, 9, 9]) for number in range(1, 50)])
    path.write_bytes(path.read_bytes()[:-30])
    run = bring_in("coco", annotations=[path], images=photos(2))
    assert (run.state, problems(run)) == (ImportState.FAILED, [("coco.json", "", "bad_json")])
    assert (Image.objects.count(), Region.objects.count()) == (0, 0)


def test_interleaved_formats_come_in(bring_in: BringIn, photos: Photos, tmp_path: Path) -> None:
    folder = photos(40)
    for number in range(1, 41):
        (folder / f"{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n0 0.25 0.25 0.1 0.1\n")
    (tmp_path / "names.txt").write_text("cat\n")
    run = bring_in("yolo", images=folder, names=tmp_path / "names.txt")
    assert counted(run) == {"images": 40, "regions": 80}
    assert set(Region.objects.filter(x1=25).values_list("y1", "x2", "y2")) == {(20, 75, 60)}


def test_boxes_on_a_real_data_set_come_in_exactly(bring_in: BringIn, test_data: Path) -> None:
    folder = test_data / "coco_mini_val"
    files = [folder / "annotations/instances_val2017.json", folder / "annotations/captions_val2017.json"]
    run = bring_in("coco", annotations=files, images=folder / "val2017")
    assert counted(run) == {"images": 79, "regions": 624, "captions": 395}
    raw = {str(item["id"]): item for item in json.loads(files[0].read_text())["annotations"]}
    for region in Region.objects.select_related("image"):
        x, y, width, height = raw[region.external_id]["bbox"]
        assert region.box == pytest.approx((x, y, x + width, y + height), abs=0.0051)
        assert region.image.name == f"{raw[region.external_id]['image_id']:012d}.jpg"


# --- the life of a run ----------------------------------------------------------------------------------------------


def test_a_run_is_sent_and_done_once(start: BringIn, sent: list[int], photos: Photos) -> None:
    run = start("folder", images=photos(1))
    assert sent == [run.pk]
    assert run_import(run.pk) is not None
    assert run_import(run.pk) is None


class WorkerKilled(BaseException):
    """Nothing catches it, like the end of a process."""


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_killed_run_goes_on_where_it_stopped(
    start: BringIn, photos: Photos, coco: Coco, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Photos in batches of 3, boxes in batches of 4; killed between two commits, and taken over."""
    monkeypatch.setattr(import_runner, "PHOTOS", 3)
    monkeypatch.setattr(import_runner, "BOXES", 4)
    annotations = [box(number, 1 + number % 6, bbox=[number, 0, 9, 9]) for number in range(1, 13)]
    run = start("coco", annotations=[coco(6, [*annotations, box(99, 77)])], images=photos(6))
    commits = 0

    def dying(_: ImportRun) -> None:
        nonlocal commits
        commits += 1
        if commits == after:
            raise WorkerKilled

    with pytest.raises(WorkerKilled):
        run_import(run.pk, on_progress=dying)
    assert run_import(run.pk) is None  # still beating, as far as anybody knows
    ImportRun.objects.update(heartbeat_at=Now() - timedelta(hours=1))
    monkeypatch.setattr("annotation.services.images.decode_image", _count_calls(decoded := []))
    finished = run_import(run.pk)
    assert finished is not None
    assert (finished.state, finished.attempt) == (ImportState.DONE, 2)
    assert counted(finished) == {"images": 6, "regions": 12, "problems": 1}
    assert (Image.objects.count(), Region.objects.count(), ImportProblem.objects.count()) == (6, 12, 1)
    assert len(decoded) == (3 if after == 1 else 0)


def _count_calls(calls: list[int]) -> Callable[..., Any]:
    from annotation.decoding import decode_image

    def work(data: bytes, limits: Any) -> Any:
        calls.append(1)
        return decode_image(data, limits)

    return work


def test_an_interleaved_run_goes_on_in_the_middle_of_a_photo(
    start: BringIn, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runner, "BOXES", 2)
    folder = photos(2)
    for number in (1, 2):
        (folder / f"{number}.txt").write_text("".join(f"0 0.5 0.5 0.{place} 0.5\n" for place in range(1, 6)))
    (tmp_path / "names.txt").write_text("cat\n")
    run = start("yolo", images=folder, names=tmp_path / "names.txt")

    def dying(_: ImportRun) -> None:
        raise WorkerKilled

    for _ in range(3):
        with pytest.raises(WorkerKilled):
            run_import(run.pk, on_progress=dying)
        ImportRun.objects.update(heartbeat_at=Now() - timedelta(hours=1))
    finished = run_import(run.pk)
    assert finished is not None
    assert counted(finished) == {"images": 2, "regions": 10}


def test_a_cancelled_run_stops_and_keeps_what_it_has(
    start: BringIn, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runner, "PHOTOS", 2)
    run = start("folder", images=photos(6))
    finished = run_import(run.pk, on_progress=lambda row: cancel_import(run_id=row.pk) or None)
    assert finished is not None
    assert (finished.state, Image.objects.count()) == (ImportState.CANCELLED, 2)
    assert not cancel_import(run_id=run.pk)
    assert run_import(run.pk) is None


def test_an_owner_that_was_taken_over_writes_nothing_more(
    start: BringIn, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runner, "PHOTOS", 2)
    run = start("folder", images=photos(6))

    def taken_over(_: ImportRun) -> None:
        ImportRun.objects.update(attempt=7)

    run_import(run.pk, on_progress=taken_over)
    assert Image.objects.count() == 2
    assert ImportRun.objects.get().state == ImportState.RUNNING


def test_a_mistake_of_ours_fails_the_run(start: BringIn, photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("annotation.services.images.decode_image", broken)
    run = run_import(start("folder", images=photos(1)).pk)
    assert run is not None
    assert run.state == ImportState.FAILED
    assert "our side" in run.error


def test_lost_runs_are_sent_again_and_not_too_often(
    start: BringIn, sent: list[int], photos: Photos, settings: Any
) -> None:
    waiting, running, fresh = (start("folder", images=photos(1)) for _ in range(3))
    sent.clear()
    ImportRun.objects.filter(pk=waiting.pk).update(created_at=Now() - timedelta(hours=1))
    assert claim_import(running.pk) is not None
    ImportRun.objects.filter(pk=running.pk).update(heartbeat_at=Now() - timedelta(hours=1))
    assert resume_imports() == sent == [waiting.pk, running.pk]
    assert resume_imports() == [running.pk]  # until somebody takes it
    assert fresh.pk not in sent


def test_a_run_that_kills_its_workers_is_given_up(start: BringIn, photos: Photos) -> None:
    run = start("folder", images=photos(1))
    ImportRun.objects.update(state="running", attempt=imports.MAX_ATTEMPTS, heartbeat_at=Now() - timedelta(hours=1))
    assert resume_imports() == []
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert claim_import(run.pk) is None


def test_at_most_some_thousand_problems_are_listed_and_all_are_counted(
    bring_in: BringIn, photos: Photos, coco: Coco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runner, "LISTED_PROBLEMS", 5)
    monkeypatch.setattr(import_runner, "OTHERS", 3)
    run = bring_in("coco", annotations=[coco(1, [box(number, 99) for number in range(10)])], images=photos(1))
    assert counted(run)["problems"] == 10
    assert ImportProblem.objects.count() == 5


# --- what people on the web may read --------------------------------------------------------------------------------


def test_unknown_formats_and_missing_inputs_are_refused(project: Any) -> None:
    for name, options in (
        ("excel", ImportOptions()),
        ("coco", ImportOptions()),
        ("yolo", ImportOptions(images=Path("/"))),
    ):
        with pytest.raises(BadInput):
            start_import(project=project, user=None, format=name, options=options, trusted=True)
    assert not ImportRun.objects.exists()


@pytest.mark.usefixtures("sent")
def test_folders_of_the_server_are_closed_unless_the_settings_open_them(
    project: Any, photos: Photos, settings: Any, tmp_path: Path
) -> None:
    folder = photos(1)
    (tmp_path / "open").mkdir()
    (tmp_path / "open/link").symlink_to(folder)

    def start(path: Path) -> ImportRun:
        return start_import(project=project, user=None, format="folder", options=ImportOptions(images=path))

    with pytest.raises(BadInput, match="may not read"):
        start(folder)
    settings.ARGUS_IMPORT_ROOTS = [tmp_path / "open"]
    for path in (
        folder,
        tmp_path / "open/../photos",
        tmp_path / "open/link",
        Path("/etc"),
        Path("open"),
        tmp_path / "opener",
    ):
        with pytest.raises(BadInput, match="may not read"):
            start(path)
    settings.ARGUS_IMPORT_ROOTS = [folder]
    run = run_import(start(folder).pk)
    assert run is not None
    assert counted(run) == {"images": 1}


@pytest.mark.usefixtures("sent")
def test_paths_are_checked_again_when_the_run_starts(
    project: Any, photos: Photos, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "open/inside").mkdir(parents=True)
    settings.ARGUS_IMPORT_ROOTS = [tmp_path / "open"]
    options = ImportOptions(images=tmp_path / "open/inside")
    run = start_import(project=project, user=None, format="folder", options=options)
    (tmp_path / "open/inside").rmdir()
    (tmp_path / "open/inside").symlink_to(photos(1))
    finished = run_import(run.pk)
    assert finished is not None
    assert finished.state == ImportState.FAILED
    assert "may not read" in finished.error
    assert not Image.objects.exists()


@pytest.mark.usefixtures("sent")
def test_uploads_may_be_read_and_are_removed_after(project: Any, photos: Photos) -> None:
    folder = make_upload_folder()
    (folder / "photos").mkdir()
    (folder / "photos/1.jpg").write_bytes(jpeg(1))
    other = make_upload_folder()
    options = ImportOptions(images=folder / "photos")
    run = run_import(start_import(project=project, user=None, format="folder", options=options).pk)
    assert run is not None
    assert counted(run) == {"images": 1}
    assert not folder.exists()
    assert other.exists()


# --- selectors ------------------------------------------------------------------------------------------------------


def test_progress_is_a_share_of_the_whole(start: BringIn, photos: Photos, project: Any) -> None:
    run = start("folder", images=photos(1))
    assert import_progress(run).percent is None
    run.total, run.done, run.state = 200, 199, "running"
    assert (import_progress(run).percent, import_progress(run).is_over) == (99, False)
    run.done = 500
    assert import_progress(run).percent == 99
    run.state = "done"
    assert (import_progress(run).percent, import_progress(run).is_over) == (100, True)
    assert [progress.run_id for progress in latest_imports(project_id=project.pk)] == [run.pk]
    assert find_import(project_id=project.pk, run_id=run.pk) == run
    assert find_import(project_id=project.pk + 1, run_id=run.pk) is None


def test_problems_are_paged_by_key(start: BringIn, photos: Photos) -> None:
    run = start("folder", images=photos(1))
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, file=f"{number}", code="x", message="x") for number in range(5)
    )
    first, after = problems_page(run_id=run.pk, limit=3)
    assert after is not None
    second, end = problems_page(run_id=run.pk, after=after, limit=3)
    assert [problem.file for problem in first + second] == ["0", "1", "2", "3", "4"]
    assert end is None
