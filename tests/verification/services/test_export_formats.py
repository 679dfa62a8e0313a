"""Every format holds the same records, whatever stands in them; what goes out as COCO or YOLO comes in again."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.importers.options import ImportOptions
from annotation.importers.records import BoxRecord, ImageRecord, Problem
from annotation.importers.registry import IMPORTERS
from annotation.models import Concept, Image, Region
from tests.factories import WORDS, make_sample
from tests.verification.exports_read import classes_of, exported, lines_of, members_of, rows_of
from tests.verification.judgements import items_of, judge, judge_all
from verification.exports.filters import Filters
from verification.models import ExportFormat, ExportKind, Sample
from verification.selectors import verified_batches
from verification.selectors.export_previews import estimate, preview_of
from verification.services.export_choices import wanted_export
from webapp.core.errors import BadInput

pytestmark = pytest.mark.django_db(transaction=True)

ODD = '=1+1 <b>"x"</b> \\ tab\there bell\x07 line\u2028two\u0085three: - {a} # é漢👩‍🔬'


@pytest.fixture
def judged(project: Any, ana: Any) -> Sample:
    """Twelve regions on three photos, all judged; the best tag of each third is wrong."""
    sample = make_sample(project, items=12, images=3)
    judge_all(sample, [ana])
    return sample


def test_parquet_and_dataset_folder_hold_what_jsonl_holds(project: Any, judged: Sample) -> None:
    Concept.objects.filter(text=WORDS[0]).update(display=ODD)
    Image.objects.update(name=ODD, licence=ODD)
    lines = lines_of(exported(project))
    assert rows_of(exported(project, format="parquet")) == lines
    folder = members_of(exported(project, format="huggingface"))
    assert rows_of(folder["data/train-00000-of-00001.parquet"]) == lines
    card = yaml.safe_load(folder["README.md"].decode().split("---\n")[1])
    info = card["dataset_info"]
    assert [feature["name"] for feature in info["features"]] == list(lines[0])
    assert info["splits"][0]["num_examples"] == 12
    assert card["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]


@pytest.mark.parametrize("format", ExportFormat.values)
def test_a_file_does_not_depend_on_how_it_was_batched(
    project: Any, judged: Sample, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "qa" if format == "as_core" else "tags"
    whole = exported(project, kind, format)
    monkeypatch.setattr(verified_batches, "BATCH_ITEMS", 1)
    again = exported(project, kind, format)
    if format in ("coco", "huggingface"):  # these say when they were made
        assert abs(len(again) - len(whole)) < 8
    else:
        assert again == whole


def test_an_empty_export_is_a_whole_file_in_every_format(project: Any) -> None:
    for file_format in ExportFormat:
        kind = "captions" if file_format is ExportFormat.AS_CORE else "tags"
        data = exported(project, kind, file_format)
        if file_format is ExportFormat.COCO:
            assert json.loads(data)["annotations"] == []
        elif file_format in (ExportFormat.YOLO, ExportFormat.HUGGINGFACE):
            assert members_of(data)
        elif file_format is ExportFormat.PARQUET:
            assert rows_of(data) == []
        else:
            assert data == b""


# --- and back ---------------------------------------------------------------------------------------------------


def _boxes(records: Any) -> set[tuple[Any, ...]]:
    found = list(records)
    assert [record for record in found if isinstance(record, Problem)] == []
    return {(record.box, record.tags[0][0]) for record in found if isinstance(record, BoxRecord)}


def _expected(project: Any) -> set[tuple[Any, ...]]:
    records = lines_of(exported(project))
    return {(tuple(record["bbox"]), record["tag"]) for record in records if record["tag"]}


def test_what_leaves_as_coco_is_read_again(project: Any, judged: Sample, tmp_path: Path) -> None:
    Region.objects.update(x1=0.25, y1=1.5, x2=77.77, y2=200.01)
    path = tmp_path / "out.json"
    path.write_bytes(exported(project, format="coco"))
    records = list(IMPORTERS["coco"].read(ImportOptions(annotations=(path,))))
    assert _boxes(records) == _expected(project)
    names = {record.name for record in records if isinstance(record, ImageRecord)}
    assert names == set(Image.objects.values_list("name", flat=True))
    document = json.loads(path.read_bytes())
    assert {category["id"] for category in document["categories"]} <= set(Concept.objects.values_list("pk", flat=True))


def test_what_leaves_as_yolo_is_read_again(project: Any, judged: Sample, tmp_path: Path) -> None:
    with_photos = members_of(exported(project, format="yolo", with_photos=True))
    for name, data in with_photos.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    options = ImportOptions(images=tmp_path / "images", names=tmp_path / "data.yaml")
    assert _boxes(IMPORTERS["yolo"].read(options)) == _expected(project)
    photos = lines_of(with_photos["photos.jsonl"])
    assert {photo["sha256"] for photo in photos} == set(Image.objects.values_list("sha256", flat=True))
    assert all((tmp_path / photo["file"]).is_file() for photo in photos)


def test_photos_stay_out_of_a_yolo_folder_unless_they_are_asked_for(project: Any, judged: Sample) -> None:
    members = members_of(exported(project, format="yolo"))
    assert not any(name.startswith("images/") for name in members)
    assert [photo["is_here"] for photo in lines_of(members["photos.jsonl"])] == [False] * 3
    shutil.rmtree(default_storage.path("images"))
    lost = members_of(exported(project, format="yolo", with_photos=True))
    assert [photo["is_here"] for photo in lines_of(lost["photos.jsonl"])] == [False] * 3


def test_odd_names_of_classes_come_back_whole(project: Any, judged: Sample) -> None:
    Concept.objects.filter(text=WORDS[0]).update(display=ODD)
    assert ODD in classes_of(members_of(exported(project, format="yolo"))).values()
    categories = json.loads(exported(project, format="coco"))["categories"]
    assert ODD in [category["name"] for category in categories]


def test_a_class_keeps_its_number_whatever_comes_later(project: Any, ana: Any) -> None:
    first, second, third = items_of(make_sample(project, items=3))
    judge(second, ana, *WORDS[:3])
    before = classes_of(members_of(exported(project, format="yolo")))
    assert before == {0: WORDS[3]}
    judge(first, ana)
    judge(third, ana, WORDS[0])
    after = classes_of(members_of(exported(project, format="yolo")))
    assert after == {0: WORDS[3], 1: WORDS[0], 2: WORDS[1]}
    labels = members_of(exported(project, format="yolo"))
    (text,) = [data.decode() for name, data in labels.items() if name.startswith("labels/")]
    assert [line.split()[0] for line in text.splitlines()] == ["1", "0", "2"]
    merged = Concept.objects.create(text="ewer", display="Ewer")
    Concept.objects.filter(text=WORDS[0]).update(alias_of=merged)
    assert classes_of(members_of(exported(project, format="yolo"))) == {**after, 3: "Ewer"}
    assert classes_of(members_of(exported(project, format="yolo"))) == {**after, 3: "Ewer"}


def test_with_a_filter_of_tags_the_classes_are_the_filters(project: Any, ana: Any) -> None:
    judge_all(make_sample(project, items=6), [ana])
    wanted = [WORDS[1], "  MILK   jug ", WORDS[4]]
    members = members_of(exported(project, format="yolo", concepts=wanted))
    assert classes_of(members) == {0: WORDS[1], 1: WORDS[0], 2: WORDS[4]}


# --- filters ----------------------------------------------------------------------------------------------------


def test_filters_narrow_down_and_stand_together(project: Any, judged: Sample) -> None:
    records = lines_of(exported(project))
    tags = {record["region"]: record["tag"] for record in records}
    first = {region for region, tag in tags.items() if tag == WORDS[0]}
    assert 0 < len(first) < 12
    found = {record["region"] for record in lines_of(exported(project, concepts=[WORDS[0].upper()]))}
    assert found == first
    small = min(first)
    Region.objects.filter(pk=small).update(x1=0, y1=0, x2=20, y2=20)
    Region.objects.exclude(pk=small).update(x1=0, y1=0, x2=19.9, y2=20)
    assert [record["region"] for record in lines_of(exported(project, sizes=["small"]))] == [small]
    assert len(lines_of(exported(project, sizes=["tiny"]))) == 11
    assert lines_of(exported(project, sizes=["tiny"], concepts=[WORDS[0]])) != []
    assert len(lines_of(exported(project, sources=["spotter"]))) == 12
    assert lines_of(exported(project, sources=["ocr", "human"])) == []
    today = timezone.now().date()
    assert len(lines_of(exported(project, since=today, until=today))) == 12
    assert lines_of(exported(project, until=today - timedelta(days=1))) == []
    assert lines_of(exported(project, since=today + timedelta(days=1))) == []


def test_a_filter_by_an_alias_is_one_by_what_it_stands_for(project: Any, judged: Sample) -> None:
    count = len(lines_of(exported(project, concepts=[WORDS[0]])))
    ewer = Concept.objects.create(text="ewer", display="Ewer")
    Concept.objects.filter(text=WORDS[0]).update(alias_of=ewer)
    assert len(lines_of(exported(project, concepts=[WORDS[0]]))) == count
    assert len(lines_of(exported(project, concepts=["ewer"]))) == count


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"kind": "qa", "format": "coco"}, "cannot hold"),
        ({"kind": "tags", "format": "as_core"}, "cannot hold"),
        ({"kind": "tags", "format": "csv"}, "no format"),
        ({"kind": "tags", "format": "jsonl", "with_photos": True}, "holds no photos"),
        ({"kind": "tags", "sizes": ["vast"]}, "no size"),
        ({"kind": "tags", "sources": ["annotator_id"]}, "no source"),
        ({"kind": "qa", "sources": ["spotter"]}, "no source"),
        ({"kind": "tags", "concepts": ["unheard of"]}, "no tag"),
        ({"kind": "tags", "since": timezone.now().date(), "until": timezone.now().date() - timedelta(3)}, "Exchange"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(project: Any, choices: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        wanted_export(project=project, **choices)


def test_filters_survive_being_stored() -> None:
    filters = Filters(1, ("cat",), ("tiny",), ("ocr",), timezone.now().date(), None)
    assert Filters.from_json(json.loads(json.dumps(filters.to_json()))) == filters
    assert Filters().to_json() == {}


# --- before it is asked for -------------------------------------------------------------------------------------


def test_a_preview_counts_a_small_project_and_estimates_a_large_one(
    project: Any, judged: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = wanted_export(project=project, kind="tags", concepts=[WORDS[0]])
    exact = preview_of(wanted)
    assert exact.is_exact
    assert exact.count == len(lines_of(exported(project, concepts=[WORDS[0]])))
    monkeypatch.setattr("verification.selectors.export_previews.MOST_COUNTED", 5)
    rough = preview_of(wanted_export(project=project, kind="tags"), seed=1)
    assert not rough.is_exact
    assert rough.low <= rough.count <= rough.high


def test_estimates_cover_the_truth_as_often_as_they_say() -> None:
    import random

    rng = random.Random(5)
    population = [(80, rng.randint(0, 80)) for _ in range(4000)]
    total, truth = 80 * len(population), sum(records for _items, records in population)
    covered = 0
    for _ in range(300):
        found = estimate([rng.choice(population) for _ in range(20)], total)
        covered += found.low <= truth <= found.high
    assert covered >= 270
    assert estimate([], 500) == estimate([(0, 0)], 500)


def test_every_kind_has_a_format_and_every_format_a_kind() -> None:
    from verification.exports.formats.registry import FORMATS

    assert set(FORMATS) == set(ExportFormat)
    assert {kind for one in FORMATS.values() for kind in one.kinds} == set(ExportKind)
