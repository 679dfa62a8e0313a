"""Manifests written from the database are what `ml/` reads: this is where both halves may meet."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from annotation.models import Concept, Image
from ml.data.images import read_image
from ml.data.manifests import Record, parse_record
from ml.data.surveys import BadLine, survey
from ml.region_texts import drawn
from tests.embedded.runs import ROOT
from tests.factories import WORDS, make_sample
from tests.verification.judgements import items_of, judge, judge_all
from tests.verification.questions import check, make_question_sample
from verification.models import Audit, AuditItem, ExportedPhotos, TrainingManifest
from verification.services import manifests
from verification.services.manifests import write_manifest
from verification.services.takedowns import take_down_photo
from webapp.core.errors import Conflict

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMA = ROOT / "ml" / "data" / "schemas" / "manifest.schema.json"


def _written(project: Any, folder: Path, *options: str) -> list[Record]:
    """The records of a manifest, each valid by the schema and read by the trainer without a bad line."""
    path = folder / f"{uuid.uuid4()}.jsonl"
    call_command("write_manifest", project.slug, "--out", str(path), *options)
    lines = path.read_bytes().splitlines()
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    for line in lines:
        validator.validate(json.loads(line))
    records = [parse_record(line) for line in lines]
    bad: list[BadLine] = []
    if lines:
        survey([path], sorted({record.task for record in records}), bad.append)
    assert bad == []
    return records


def test_positives_and_rejected_candidates_of_every_region_are_read_by_the_trainer(
    project: Any, ana: Any, tmp_path: Path
) -> None:
    first, second, third = items_of(make_sample(project, items=3))
    judge(first, ana, WORDS[0], WORDS[3])
    judge(second, ana)
    judge(third, ana, *WORDS[:5])
    (record,) = _written(project, tmp_path)
    assert (record.task, record.source) == ("align", "human")
    assert [(set(tags.accepted), set(tags.rejected)) for tags in record.tags] == [
        ({WORDS[1], WORDS[2], WORDS[4]}, {WORDS[0], WORDS[3]}),
        (set(WORDS[:5]), set()),
        (set(), set(WORDS[:5])),
    ]
    image = read_image(Path(default_storage.path(record.image)), (record.width, record.height))
    assert image.size == (640, 427)
    manifest = TrainingManifest.objects.get()
    assert (manifest.records, manifest.regions) == (1, 3)
    assert ExportedPhotos.objects.get(manifest=manifest).image_ids == [Image.objects.get().pk]


def test_verified_pairs_become_conversations(project: Any, ana: Any, tmp_path: Path) -> None:
    tags = make_sample(project, items=2)
    pairs = items_of(make_question_sample(tags))
    check(pairs[0], ana, "correct")
    check(pairs[1], ana, "unanswerable")
    records = [record for record in _written(project, tmp_path) if record.task == "generate"]
    assert [[message.role for message in record.messages] for record in records] == [["user", "assistant"]] * 2
    assert records[0].messages[1].content == pairs[0].shown["answer"]
    assert records[1].messages[1].content == "This question is unanswerable according to the image."
    assert all(len(record.boxes) == 1 for record in records)


def test_names_that_a_manifest_refuses_are_made_fit(project: Any, ana: Any, tmp_path: Path) -> None:
    judge(items_of(make_sample(project, items=1))[0], ana, WORDS[1], WORDS[2])
    Concept.objects.filter(text=WORDS[0]).update(display="bell\x07 and\ttab <b>")
    Concept.objects.filter(text=WORDS[1]).update(display="METAL  ﬁle")
    Concept.objects.filter(text=WORDS[3]).update(display="metal file")
    Concept.objects.filter(text=WORDS[2]).update(display="\x07")
    (record,) = _written(project, tmp_path)
    assert "bell and tab <b>" in record.tags[0].accepted
    assert record.tags[0].rejected == ()
    import numpy as np

    drawn(record.tags[0], np.random.default_rng(0))  # no name stands on both sides as the trainer compares them


def test_many_regions_of_a_photo_are_several_records(
    project: Any, ana: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_all(make_sample(project, items=7, images=2), [ana])
    monkeypatch.setattr("verification.exports.training.MOST_BOXES", 3)
    assert sorted(len(record.boxes) for record in _written(project, tmp_path)) == [1, 3, 3]


def test_audited_regions_and_photos_without_a_file_are_left_out(
    project: Any, lea: Any, ana: Any, tmp_path: Path
) -> None:
    sample = make_sample(project, items=6, images=3)
    judge_all(sample, [ana])
    item = items_of(sample)[0]
    audit = Audit.objects.create(
        project=project, loop=sample.loop, population="model", task_kind="tag", seed=1, size=1, frame_size=6
    )
    AuditItem.objects.create(
        audit=audit, position=0, image_id=item.image_id, region_id=item.region_ids[0], shown={"tags": []},
        inclusion_probability=0.1, concept_id=1, source_mask=1, size_class=1,
    )  # fmt: skip
    assert sum(len(record.boxes) for record in _written(project, tmp_path)) == 5
    Image.objects.filter(pk=items_of(sample)[1].image_id).update(original="")
    assert sum(len(record.boxes) for record in _written(project, tmp_path)) == 3


def test_only_a_loops_decisions_when_asked(project: Any, ana: Any, tmp_path: Path) -> None:
    judge_all(make_sample(project, items=4), [ana])
    assert len(_written(project, tmp_path, "--loop", "1")) == 1
    assert _written(project, tmp_path, "--loop", "0") == []
    with pytest.raises(CommandError, match="no loop 9"):
        call_command("write_manifest", "street", "--out", str(tmp_path / "x"), "--loop", "9")


def test_a_takedown_leaves_no_trace_in_later_ones_and_stops_one_that_is_written(
    project: Any, ana: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = make_sample(project, items=6, images=3)
    judge_all(sample, [ana])
    first, second, _third = Image.objects.order_by("pk")
    take_down_photo(project=project, user=None, reason="asked", image_id=first.pk)
    keys = {record.image for record in _written(project, tmp_path)}
    assert keys == set(Image.objects.filter(removed_at=None).values_list("original", flat=True))
    batches = manifests.verified_batches

    def interrupted(*args: Any, **options: Any) -> Any:
        yield from batches(*args, **options)
        take_down_photo(project=project, user=None, reason="asked", image_id=second.pk)

    monkeypatch.setattr(manifests, "verified_batches", interrupted)
    with pytest.raises(Conflict, match="Write the manifest again"):
        write_manifest(project=project, target=tmp_path / "late.jsonl")
    assert list(tmp_path.glob("late*")) == []
    assert TrainingManifest.objects.count() == 1
