import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands

from annotation.models import Image, ImportedCaption, ImportRun, ImportState, Region
from tests.annotation.services.conftest import box, coco, jpeg, photos

pytestmark = pytest.mark.django_db

__all__ = ["coco", "photos"]  # fixtures


@pytest.fixture
def command(project: Any, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Run a command on `project`; what it wrote to stdout and stderr."""

    def work(name: str, *arguments: object) -> tuple[str, str]:
        call_command(name, "--project", project.slug, *map(str, arguments))
        return capsys.readouterr()

    return work


Command = Callable[..., tuple[str, str]]
Photos = Callable[..., Path]
Coco = Callable[..., Path]


def test_a_folder_of_photos(command: Command, photos: Photos) -> None:
    out, _ = command("import_images", "--folder", photos(2), "--licence", "CC0")
    assert "2 new photos, 0 problems." in out
    assert Image.objects.filter(licence="CC0").count() == 2
    assert "2 photos that were already there" in command("import_images", "--folder", photos(2))[0]


def test_problems_are_listed_and_written_and_the_exit_code_is_zero_while_something_worked(
    command: Command, photos: Photos, tmp_path: Path
) -> None:
    folder = photos(1)
    for number in range(25):
        (folder / f"bad-{number:02d}.jpg").write_text("no photo")
    out, err = command("import_images", "--folder", folder, "--problems", tmp_path / "problems.jsonl")
    assert "1 new photos, 25 problems." in out
    assert "bad-00.jpg: This is not a photo" in err
    assert "… and 5 more; they are all in" in err
    rows = [json.loads(line) for line in (tmp_path / "problems.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == [f"bad-{number:02d}.jpg" for number in range(25)]
    assert set(rows[0]) == {"file", "item", "code", "message"}


def test_the_exit_code_is_one_when_nothing_could_be_done(command: Command, photos: Photos) -> None:
    folder = photos(0)
    (folder / "bad.jpg").write_text("no photo")
    with pytest.raises(CommandError) as caught:
        command("import_images", "--folder", folder)
    assert caught.value.returncode == 1
    assert ImportRun.objects.get().state == ImportState.FAILED


def test_an_unknown_project_is_named(photos: Photos) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_images", "--project", "nowhere", "--folder", str(photos(1)))


def test_addresses_need_a_public_place(command: Command, tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("http://127.0.0.1:1/a.jpg\n")
    with pytest.raises(CommandError, match="private or reserved"):
        command("import_images", "--urls", tmp_path / "urls.txt")


def test_coco_with_photos_and_captions(command: Command, photos: Photos, coco: Coco) -> None:
    instances = coco(2, [box(1, 1), box(2, 2)])
    captions = coco(2, [{"id": 1, "image_id": 1, "caption": "A cat."}], name="captions.json")
    out, _ = command(
        "import_coco", "--annotations", instances, "--captions", captions, "--images", photos(2),
        "--producer", "people", "--made-version", "2",
    )  # fmt: skip
    assert "2 new photos, 2 new regions, 1 new captions, 0 problems." in out
    assert (Region.objects.count(), ImportedCaption.objects.count()) == (2, 1)
    assert str(Region.objects.all()[0].producer) == "import:people@2"


def test_detection_results(command: Command, photos: Photos, coco: Coco, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps([{"image_id": 1, "category_id": 8, "bbox": [1, 2, 3, 4], "score": 0.25}]))
    command("import_coco", "--annotations", results, "--reference", coco(1, [box(1, 1)]), "--images", photos(1))
    region = Region.objects.get()
    assert (region.box, region.score) == ((1, 2, 4, 6), 0.25)


def test_yolo(command: Command, photos: Photos, tmp_path: Path) -> None:
    folder = photos(1)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/1.txt").write_text("0 0.5 0.5 0.5 0.5")
    (tmp_path / "data.yaml").write_text("names: [cat]")
    command("import_yolo", "--images", folder, "--names", tmp_path / "data.yaml", "--labels", tmp_path / "labels")
    assert Region.objects.get().box == (25, 20, 75, 60)


def test_voc_counts_from_one_unless_told_otherwise(command: Command, photos: Photos, tmp_path: Path) -> None:
    corners = "<xmin>11</xmin><ymin>21</ymin><xmax>40</xmax><ymax>60</ymax>"
    (tmp_path / "1.xml").write_text(
        f"<annotation><filename>1.jpg</filename><object><name>cat</name><bndbox>{corners}</bndbox></object></annotation>"
    )
    command("import_images", "--folder", photos(1))
    command("import_voc", "--annotations", tmp_path / "1.xml")
    command("import_voc", "--annotations", tmp_path / "1.xml", "--zero-based")
    assert sorted(region.box for region in Region.objects.all()) == [(10, 20, 40, 60), (11, 21, 40, 60)]


def test_label_studio(command: Command, photos: Photos, tmp_path: Path) -> None:
    value = {"x": 10, "y": 25, "width": 30, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]}
    result = {"id": "r", "type": "rectanglelabels", "original_width": 100, "original_height": 80, "value": value}
    task = {"id": 1, "data": {"image": "/data/upload/1/0a1b2c3d-1.jpg"}, "annotations": [{"result": [result]}]}
    (tmp_path / "export.json").write_text(json.dumps([task]))
    command("import_label_studio", "--annotations", tmp_path / "export.json", "--images", photos(1))
    assert Region.objects.get().box == (10, 20, 40, 60)


def test_sa1b(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "sa"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(jpeg(1))
    mask = {"size": [80, 100], "counts": [80 * 50 + 10, 20, 80 * 50 - 30]}
    document = {
        "image": {"image_id": 1, "file_name": "1.jpg", "width": 100, "height": 80},
        "annotations": [{"id": 5, "segmentation": mask, "predicted_iou": 0.5}],
    }
    (folder / "1.json").write_text(json.dumps(document))
    command("import_sa1b", "--annotations", folder)
    assert Region.objects.get().box == (50, 10, 51, 30)
    assert Region.objects.get().mask_rle
    assert "1 regions that were already there" in command("import_coco", "--format", "sa1b", "--annotations", folder)[0]


def test_ctrl_c_stops_the_run_and_keeps_what_it_has(
    command: Command, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("annotation.services.import_runner._run_claimed", interrupted)
    with pytest.raises(CommandError, match="run it again") as caught:
        command("import_images", "--folder", photos(1))
    assert caught.value.returncode == 130
    assert ImportRun.objects.get().state == ImportState.CANCELLED


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    names = [name for name, app in get_commands().items() if app == "annotation" and name.startswith("import_")]
    assert len(names) == 6
    for name in names:
        with pytest.raises(SystemExit):
            call_command(name, "--help")
        assert "--project" in capsys.readouterr().out
