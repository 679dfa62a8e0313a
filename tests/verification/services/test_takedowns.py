"""Takedowns: what is erased, what leaves no more, what a restore brings back and the journal removes again."""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import IntegrityError

from annotation import dispatch
from annotation.importers.options import ImportOptions
from annotation.models import (
    BlacklistedPhoto,
    Image,
    ImportedCaption,
    ImportProblem,
    Producer,
    QuestionAnswer,
    RegionAnnotation,
    StageRun,
)
from annotation.services.import_runner import run_import
from annotation.services.imports import start_import
from annotation.services.partitions import create_partitions
from tests.factories import make_image, make_sample
from tests.verification.exports_read import exported, lines_of
from tests.verification.judgements import items_of, judge_all
from tests.verification.questions import answer, check, make_question_sample
from verification.models import (
    Assignment,
    Export,
    ExportState,
    LateVerdict,
    Sample,
    SampleItem,
    Takedown,
    Verdict,
    Wording,
)
from verification.selectors.takedowns import photo_touches, words_would_touch
from verification.services import exports, takedowns
from verification.services.exports import export_path, request_export, run_export
from verification.services.queue import lease_items
from verification.services.takedown_journal import journal_path, read_entries
from verification.services.takedown_replays import replay_takedowns
from verification.services.takedowns import finish_takedowns, take_down_photo, take_down_words
from webapp.core.errors import BadInput
from webapp.projects.models import Membership, Project

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "The person in it asked, mail of 3 March"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch.app, "send_task", lambda *_args, **_options: None)


@pytest.fixture
def judged(project: Any, ana: Any) -> Sample:
    """Twelve regions on three photos, all judged."""
    sample = make_sample(project, items=12, images=3)
    judge_all(sample, [ana])
    return sample


def _export(project: Any, kind: str = "tags", **choices: Any) -> Export:
    export = run_export(request_export(project=project, user=None, kind=kind, **choices).pk)
    assert export
    return export


def _photos_in(data: bytes) -> set[str]:
    return {record["image"]["sha256"] for record in lines_of(data)}


def _bytes_of(image: Image) -> bytes:
    with default_storage.open(image.original) as stream:
        return bytes(stream.read())


def _take_down(image: Image, user: Any = None) -> Takedown:
    return take_down_photo(project=image.project, user=user, reason=WHY, image_id=image.pk)


# --- a photo ----------------------------------------------------------------------------------------------------


def test_a_photo_leaves_no_bytes_and_no_words_behind(project: Any, lea: Any, judged: Sample) -> None:
    image = Image.objects.first()
    assert image
    producer = Producer.objects.get(model="factory")
    ImportedCaption.objects.create(image=image, producer=producer, external_id="1", text="Jo at the sink")
    loop_id, region_id = judged.annotated_loop_id, items_of(judged)[0].region_ids[0]
    create_partitions(loop_id)
    RegionAnnotation.objects.create(
        loop_id=loop_id, region_id=region_id, image_id=image.pk, concept_ids=[1], scores=[1], role_masks=[1],
        raw_score=1, size_class=1, producer_id=1, caption="Jo.",
    )  # fmt: skip
    QuestionAnswer.objects.create(
        loop_id=loop_id, id=1, image_id=image.pk, region_id=region_id, concept_id=1, ordinal=0, question="Who?",
        answer="Jo.", producer_id=1,
    )  # fmt: skip
    Image.objects.filter(pk=image.pk).update(name="jo.jpg", url="https://example.org/jo.jpg")
    takedown = _take_down(image, lea)
    key = image.original
    assert not default_storage.exists(key)
    image.refresh_from_db()
    assert (image.name, image.url, image.original, image.display, image.thumbnail) == ("removed", "", "", "", "")
    assert image.removed_at
    for model in (ImportedCaption, RegionAnnotation, QuestionAnswer):
        assert not model.objects.filter(image_id=image.pk).exists()
    assert set(SampleItem.objects.filter(image=image).values_list("state", flat=True)) == {"removed"}
    takedown.refresh_from_db()
    assert (takedown.reason, takedown.created_by, takedown.image) == (WHY, lea, image)
    assert takedown.completed_at
    assert takedown.effect["counts"]["items"] == 4
    assert Image.objects.filter(removed_at=None).count() == 2


def test_it_leaves_later_exports_and_what_holds_it_answers_410(project: Any, cleo: Any, judged: Sample) -> None:
    from django.test import Client

    image = items_of(judged)[0].image
    first, other = _export(project), _export(project, format="parquet", sources=["ocr"])
    assert other.rows_done == 0
    takedown = _take_down(image)
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.state, other.state) == (ExportState.WITHDRAWN, ExportState.DONE)
    assert list(takedown.exports.all()) == [first]
    assert not export_path(first).exists()
    assert not export_path(first).with_name(export_path(first).name + ".meta.json").exists()
    client = Client()
    client.force_login(cleo)
    for address in ("download", "download.meta.json"):
        response = client.get(f"/p/street/exports/{first.pk}/{address}")
        assert response.status_code == 410
        assert "taken down" in response.content.decode()
    assert image.sha256 not in _photos_in(exported(project))
    assert len(lines_of(exported(project))) == 8
    again = _export(project)
    assert again.rows_done == 8


def test_an_export_that_is_written_meanwhile_starts_over(
    project: Any, judged: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = items_of(judged)[0].image
    export = request_export(project=project, user=None, kind="tags")
    write, left = exports.write_export, [image]

    def interrupted(*args: Any, **options: Any) -> Any:
        written = write(*args, **options)
        if left:
            _take_down(left.pop())
        return written

    monkeypatch.setattr(exports, "write_export", interrupted)
    assert run_export(export.pk) is None
    export.refresh_from_db()
    assert export.state == ExportState.PENDING
    assert not export_path(export).exists()
    assert run_export(export.pk)
    assert image.sha256 not in _photos_in(export_path(export).read_bytes())
    assert list(Takedown.objects.get().exports.all()) == []


def test_the_same_photo_is_refused_by_imports(project: Any, tmp_path: Path) -> None:
    image = make_image(project, seed=1)
    data = _bytes_of(image)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "again.webp").write_bytes(data)
    _take_down(image)
    run = start_import(
        project=project, user=None, format="folder", options=ImportOptions(images=tmp_path / "in"), trusted=True
    )
    run_import(run.pk)
    assert [problem.code for problem in ImportProblem.objects.filter(run=run)] == ["taken_down"]
    assert Image.objects.get().removed_at
    assert not default_storage.exists(f"originals/{image.sha256[:2]}/{image.sha256[2:4]}/{image.sha256}.webp")
    other = Project.objects.create(name="Other", slug="other")
    elsewhere = start_import(
        project=other, user=None, format="folder", options=ImportOptions(images=tmp_path / "in"), trusted=True
    )
    run_import(elsewhere.pk)
    assert Image.objects.filter(project=other, removed_at=None).count() == 1


def test_files_stay_while_another_project_has_the_photo(project: Any) -> None:
    image = make_image(project, seed=1)
    other = Project.objects.create(name="Other", slug="other")
    twin = Image.objects.create(project=other, **{
        name: getattr(image, name)
        for name in ("sha256", "name", "original", "display", "thumbnail", "width", "height")
    })  # fmt: skip
    _take_down(image)
    assert default_storage.exists(twin.original)
    takedown = _take_down(twin)
    assert not default_storage.exists(twin.original)
    assert takedown.effect["files"] == [twin.original]


def test_a_digest_that_nobody_has_is_blacklisted(project: Any) -> None:
    digest = hashlib.sha256(b"not yet here").hexdigest()
    takedown = take_down_photo(project=project, user=None, reason=WHY, sha256=digest.upper())
    assert takedown.image is None
    assert BlacklistedPhoto.objects.get().sha256 == digest


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"image_id": 999}, "no photo 999"),
        ({"sha256": "abc"}, "64 digits"),
        ({"sha256": "a" * 64, "reason": " "}, "why"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(project: Any, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        take_down_photo(**{"project": project, "user": None, "reason": WHY, **asked})
    assert not Takedown.objects.exists()
    assert not BlacklistedPhoto.objects.exists()


def test_twice_is_once(project: Any, judged: Sample) -> None:
    image = items_of(judged)[0].image
    first = _take_down(image)
    second = _take_down(image)
    assert first.pk == second.pk
    assert second.effect["counts"] == first.effect["counts"]
    assert len(list(read_entries(journal_path()))) == 1


def test_another_projects_photo_cannot_be_named(project: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    image = make_image(project)
    with pytest.raises(BadInput):
        take_down_photo(project=other, user=None, reason=WHY, image_id=image.pk)
    assert Image.objects.filter(pk=image.pk, removed_at=None).exists()


def test_who_holds_its_items_loses_them_and_nobody_gets_them(project: Any, ana: Any) -> None:
    sample = make_sample(project, items=3)
    assert len(lease_items(project_id=project.pk, user_id=ana.pk, count=3)) == 3
    _take_down(items_of(sample)[0].image)
    assert not Assignment.objects.filter(state="leased").exists()
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=3) == []


def test_a_failure_after_the_commit_is_made_up_for_by_the_timer(
    project: Any, judged: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = items_of(judged)[0].image
    export = _export(project)

    def fail(*_args: object, **_options: object) -> None:
        raise OSError("the disk is away")

    with monkeypatch.context() as broken:
        broken.setattr(takedowns, "write_entry", fail)
        takedown = _take_down(image)
    assert takedown.completed_at is None
    assert export_path(export).exists()
    export.refresh_from_db()
    assert export.state == ExportState.WITHDRAWN  # whoever asks is told at once
    assert finish_takedowns() == 1
    assert not export_path(export).exists()
    assert not default_storage.exists(image.original)
    assert finish_takedowns() == 0


def test_what_a_running_shard_writes_about_it_is_erased_when_it_ends(project: Any, judged: Sample) -> None:
    image = items_of(judged)[0].image
    loop = judged.loop
    create_partitions(loop.pk)
    run = StageRun.objects.create(loop=loop, stage="describe", shard=0, image_ids=[image.pk], state="running")
    takedown = _take_down(image)
    assert takedown.completed_at is None
    RegionAnnotation.objects.create(
        loop_id=loop.pk, region_id=items_of(judged)[0].region_ids[0], image_id=image.pk, concept_ids=[1], scores=[1],
        role_masks=[1], raw_score=1, size_class=1, producer_id=1, caption="Jo.",
    )  # fmt: skip
    StageRun.objects.filter(pk=run.pk).update(state="done")
    finish_takedowns()
    assert not RegionAnnotation.objects.filter(image_id=image.pk).exists()
    takedown.refresh_from_db()
    assert takedown.completed_at


def test_a_photo_that_an_import_had_in_hands_is_removed_after_all(project: Any) -> None:
    image = make_image(project, seed=3)
    digest = image.sha256
    image.delete()
    take_down_photo(project=project, user=None, reason=WHY, sha256=digest)
    again = make_image(project, seed=3)
    key = again.original
    finish_takedowns()
    again.refresh_from_db()
    assert again.removed_at
    assert not default_storage.exists(key)


# --- words ------------------------------------------------------------------------------------------------------


@pytest.fixture
def answered(project: Any, ana: Any) -> tuple[SampleItem, Any]:
    """A pair that ana found wrong, and bob, who wrote the right answer."""
    from webapp.accounts.models import User

    tags = make_sample(project, items=2)
    pairs = make_question_sample(tags)
    bob = User.objects.create_user("bob", "bob@example.org", "correct horse battery")
    Membership.objects.create(project=project, user=bob, role="annotator")
    first, second = items_of(pairs)
    check(first, ana, "wrong_answer")
    check(second, ana, "correct")
    answer(first, bob, "The jug is blue.")
    return first, bob


def test_a_corrected_answer_leaves_and_the_writer_may_take_it_back(project: Any, answered: Any, lea: Any) -> None:
    item, bob = answered
    records = lines_of(exported(project, "qa"))
    assert {(record["choice"], record["answer"]) for record in records} == {
        ("wrong_answer", "The jug is blue."),
        ("correct", records[1]["answer"]),
    }
    export, tags = _export(project, "qa"), _export(project)
    LateVerdict.objects.create(
        assignment=Assignment.objects.filter(item=item)[0], item=item, annotator=bob, key=uuid.uuid4(), text="Blue!"
    )
    touched = words_would_touch(project=project, writer=bob)
    assert (touched.texts, touched.exports) == (1, [export])
    takedown = take_down_words(project=project, user=lea, writer=bob, reason=WHY)
    assert takedown.effect["counts"] == {"texts": 1, "late_texts": 1, "comments": 0, "meanings": 0}
    assert Wording.objects.get().text == ""
    assert Wording.objects.get().erased_at
    assert Verdict.objects.filter(annotator=bob).get().text_digest == hashlib.sha256(b"The jug is blue.").hexdigest()
    assert [record["choice"] for record in lines_of(exported(project, "qa"))] == ["correct"]
    export.refresh_from_db()
    tags.refresh_from_db()
    assert (export.state, tags.state) == (ExportState.WITHDRAWN, ExportState.DONE)


def test_nothing_but_the_text_of_a_late_verdict_can_be_changed(project: Any, answered: Any) -> None:
    item, bob = answered
    late = LateVerdict.objects.create(
        assignment=Assignment.objects.filter(item=item)[0], item=item, annotator=bob, key=uuid.uuid4(), text="Blue!"
    )
    for change in ({"text": "Red!"}, {"text": "", "choice": "correct"}, {"seconds": 9}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LateVerdict.objects.filter(pk=late.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM verification_lateverdict")


# --- after a restore --------------------------------------------------------------------------------------------


def test_a_restore_is_made_good_by_the_journal(project: Any, lea: Any, answered: Any) -> None:
    item, bob = answered
    image, data = item.image, _bytes_of(item.image)
    _take_down(image, lea)
    take_down_words(project=project, user=lea, writer=bob, reason=WHY)
    keys = set(Takedown.objects.values_list("key", flat=True))
    # The backup is older than the takedowns.
    Takedown.objects.all().delete()
    BlacklistedPhoto.objects.all().delete()
    SampleItem.objects.filter(image=image).update(state="open")
    Image.objects.filter(pk=image.pk).update(removed_at=None, name="jo.jpg", original=image.original)
    default_storage.save(image.original, ContentFile(data))
    Wording.objects.update(text="The jug is blue.", erased_at=None)
    with journal_path().open("ab") as journal:
        journal.write(b'{"key": "torn')
    replay = replay_takedowns(journal_path())
    assert (replay.added, replay.repeated, replay.unfinished, replay.problems) == (2, 2, 0, [])
    assert set(Takedown.objects.values_list("key", flat=True)) == keys
    assert Takedown.objects.filter(created_by=lea, reason=WHY).count() == 2
    assert not default_storage.exists(image.original)
    assert Image.objects.get(pk=image.pk).removed_at
    assert Wording.objects.get().text == ""
    assert BlacklistedPhoto.objects.get().sha256 == image.sha256
    assert len(list(read_entries(journal_path()))) == 2
    again = replay_takedowns(journal_path())
    assert (again.added, again.repeated) == (0, 2)


def test_the_journal_names_what_a_restored_database_lacks(project: Any, judged: Sample) -> None:
    _take_down(items_of(judged)[0].image)
    Takedown.objects.all().delete()
    Project.objects.update(slug="renamed")
    replay = replay_takedowns(journal_path())
    assert len(replay.problems) == 1
    assert "no project street" in replay.problems[0]


# --- beforehand, and from the command line ----------------------------------------------------------------------


def test_a_dry_run_says_what_it_would_touch_and_changes_nothing(
    project: Any, judged: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    image, export = items_of(judged)[0].image, _export(project)
    touched = photo_touches(project=project, image_id=image.pk, sha256="")
    assert (touched.items, touched.exports) == (4, [export])
    call_command("take_down", "street", "--photo", str(image.pk), "--dry-run")
    assert f"export {export.pk} (tags)" in capsys.readouterr().out
    assert Image.objects.filter(removed_at=None).count() == 3
    assert not Takedown.objects.exists()


def test_the_command_takes_down_everywhere(project: Any, lea: Any) -> None:
    image = make_image(project)
    other = Project.objects.create(name="Other", slug="other")
    call_command("take_down", "street", "--sha256", image.sha256, "--everywhere", "--reason", WHY, "--by", "lea")
    assert {takedown.project for takedown in Takedown.objects.all()} == {project, other}
    assert BlacklistedPhoto.objects.filter(project=None, sha256=image.sha256).exists()
    call_command("replay_takedowns")


def test_checkpoints_that_learned_from_it_are_named(
    project: Any, judged: Sample, tmp_path: Path, settings: Any
) -> None:
    settings.ARGUS_MODELS_DIR = tmp_path / "models"
    out = tmp_path / "manifest.jsonl"
    call_command("write_manifest", "street", "--out", str(out))
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    facts = {
        "taught": {"manifests": [{"name": "manifest.jsonl", "sha256": digest}], "parent": None},
        "child": {"manifests": [], "parent": {"folder": "taught", "weights_sha256": "0" * 64}},
        "other": {"manifests": [{"name": "m", "sha256": "1" * 64}], "parent": None},
    }
    for name, values in facts.items():
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "provenance.json").write_text(json.dumps(values))
    takedown = _take_down(items_of(judged)[0].image)
    takedown.refresh_from_db()
    assert [entry["name"] for entry in takedown.checkpoints] == ["child", "taught"]
    assert [manifest.sha256 for manifest in takedown.manifests.all()] == [digest]
