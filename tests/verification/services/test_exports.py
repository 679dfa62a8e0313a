"""Exports: what the lines hold, that they are a snapshot, and that a crash at any point leaves one whole file."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from jsonschema import Draft202012Validator, FormatChecker

from annotation import dispatch
from annotation.models import Concept, Image, Loop, QuestionAnswer, Region, RegionAnnotation
from annotation.services.partitions import create_partitions, drop_partitions
from tests.factories import WORDS, make_sample
from tests.verification.judgements import items_of, judge, judge_all
from tests.verification.services.crowds import people
from verification.exports.schemas import SCHEMA_OF, schema_file
from verification.models import Export, ExportState, Sample, SampleItem
from verification.selectors import verified_batches
from verification.services import exports
from verification.services.export_choices import wanted_export
from verification.services.export_files import Progress, Wanted, Written, write_export
from verification.services.exports import (
    MAX_ATTEMPTS,
    cancel_export,
    export_path,
    request_export,
    requeue_stale_exports,
    run_export,
)
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db(transaction=True)


class Lines:
    """Collects what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.data.decode().splitlines()]


def _ignore(_progress: Progress) -> None: ...


def _written(project: Any, kind: str = "tags", loop: int | None = None) -> list[dict[str, Any]]:
    """The records of an export, each valid by its schema."""
    lines = Lines()
    wanted = wanted_export(project=project, kind=kind, loop=loop)
    written = write_export(wanted, lines, _ignore)
    schema = schema_file(SCHEMA_OF[wanted.kind])
    assert schema
    validator = Draft202012Validator(json.loads(schema.read_text()), format_checker=FormatChecker())
    for record in lines.records():
        validator.validate(record)
    assert written.lines == len(lines.records())
    assert written.without_tag == sum(record["tag"] is None for record in lines.records())
    return lines.records()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Exports whose task was sent, in order."""
    numbers: list[int] = []
    monkeypatch.setattr(dispatch.app, "send_task", lambda _name, args, **_options: numbers.append(args[0]))
    return numbers


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified_batches, "BATCH_ITEMS", 5)
    monkeypatch.setattr(exports, "SECONDS_BETWEEN_HEARTBEATS", 0.0)


@pytest.fixture
def judged(project: Any, ana: Any) -> Sample:
    """Twenty regions on four photos, all judged; the best tag of each third is wrong."""
    sample = make_sample(project, items=20, images=4)
    judge_all(sample, [ana])
    return sample


# --- the lines --------------------------------------------------------------------------------------------------


def test_a_line_tells_photo_box_tags_and_how_they_were_judged(project: Any, ana: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    judge(item, ana, WORDS[0])
    Image.objects.update(url="https://example.org/a.jpg", licence="CC0-1.0")
    (record,) = _written(project)
    image, region = Image.objects.get(), Region.objects.get()
    assert record["image"] == {
        "url": "https://example.org/a.jpg",
        "path": image.original,
        "name": image.name,
        "sha256": image.sha256,
        "width": 640,
        "height": 427,
        "licence": "CC0-1.0",
    }
    assert record["region"] == region.pk
    assert record["bbox"] == [round(side, 2) for side in region.box]
    assert record["tag"] == WORDS[1]
    assert [entry["tag"] for entry in record["accepted"]] == list(WORDS[1:5])
    assert record["rejected"] == [{"tag": WORDS[0], "score": 0.8, "sources": ["spotter"], "loop": 1}]
    assert record["loop"] == 1
    today = timezone.now().date().isoformat()
    assert record["provenance"] == {
        "people": 1,
        "agreement": 1.0,
        "first_judged_on": today,
        "last_judged_on": today,
    }


def test_nobodys_name_number_or_address_leaves(project: Any) -> None:
    crowd = people(project, 3)
    judge_all(make_sample(project, items=3, overlap=3), crowd)
    text = json.dumps(_written(project))
    assert not any(word in text for person in crowd for word in (person.username, person.email))
    keys = {key for record in _written(project) for key in (*record, *record["provenance"])}
    assert not {"annotator", "user", "created_by", "verdict", "seconds"} & keys


def test_regions_with_nothing_right_are_kept_in_tags_and_left_out_of_regions(project: Any, ana: Any) -> None:
    first, second = items_of(make_sample(project, items=2))
    judge(first, ana, *WORDS[:5])
    judge(second, ana)
    records = {record["region"]: record for record in _written(project)}
    assert records[first.region_ids[0]]["tag"] is None
    assert records[first.region_ids[0]]["accepted"] == []
    assert len(records[first.region_ids[0]]["rejected"]) == 5
    assert [record["region"] for record in _written(project, "regions")] == second.region_ids


@pytest.mark.parametrize(
    "text",
    [
        '<script>alert("x")</script>',
        "quotes ' \" and \\ and {braces}",
        "tab\tbell\x07 escape\x1b[31m",
        "bidi \u202ereversed\u202c and \u2066isolated\u2069",
        "line\u2028paragraph\u2029next\u0085end",
        "=HYPERLINK(1)",
        "emoji 👩‍🔬 and 漢字",
    ],
)
def test_odd_text_leaves_as_data_and_on_one_line(project: Any, ana: Any, text: str) -> None:
    judge_all(make_sample(project, items=2), [ana], wrong_every=1_000_000)
    Concept.objects.filter(text=WORDS[0]).update(display=text)
    Image.objects.update(name=text, licence=text, url=f"https://example.org/?{text}")
    lines = Lines()
    write_export(wanted_export(project=project, kind="tags"), lines, _ignore)
    assert len(lines.data.decode().splitlines()) == 2
    for record in lines.records():
        assert record["tag"] == record["image"]["name"] == record["image"]["licence"] == text


def test_a_renamed_concept_leaves_under_its_new_name(project: Any, ana: Any) -> None:
    judge(items_of(make_sample(project, items=1))[0], ana)
    new = Concept.objects.create(text="ewer", display="Ewer")
    Concept.objects.filter(text=WORDS[0]).update(alias_of=new)
    (record,) = _written(project)
    assert record["tag"] == "Ewer"


def test_photos_and_regions_come_in_order_and_once_whatever_the_batch(
    project: Any, judged: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _written(project)
    places = [(record["image"]["sha256"], record["region"]) for record in whole]
    assert len(set(places)) == 20
    photos = [sha256 for sha256, _region in places]
    assert photos == sorted(photos, key=photos.index)
    for size in (1, 3, 5, 7):
        monkeypatch.setattr(verified_batches, "BATCH_ITEMS", size)
        assert _written(project) == whole


def test_other_projects_data_never_leaves(project: Any, judged: Sample) -> None:
    other = Project.objects.create(name="Other", slug="other")
    strangers = people(other, 1)
    judge_all(make_sample(other, items=4), strangers)
    mine = {region_id for (region_id,) in judged.items.values_list("region_ids", flat=True)}
    assert {record["region"] for record in _written(project)} == mine
    assert not mine & {record["region"] for record in _written(other)}
    assert len(_written(other)) == 4


def test_only_a_loops_regions_leave_when_asked(project: Any, judged: Sample) -> None:
    assert len(_written(project, loop=1)) == 20
    assert _written(project, loop=0) == []


@pytest.mark.parametrize(("kind", "loop"), [("masks", None), ("tags", 7)])
def test_an_unknown_kind_or_loop_is_refused(project: Any, kind: str, loop: int | None) -> None:
    with pytest.raises(BadInput):
        wanted_export(project=project, kind=kind, loop=loop)


# --- the paper's instance ---------------------------------------------------------------------------------------


def _describe(item: SampleItem, word: str, caption: str) -> None:
    """Three pairs and a caption about the region's tag `word`, in the loop that was shown."""
    loop_id, region_id = item.sample.annotated_loop_id, item.region_ids[0]
    create_partitions(loop_id)
    concept = Concept.objects.get(text=word)
    RegionAnnotation.objects.create(
        loop_id=loop_id,
        region_id=region_id,
        image_id=item.image_id,
        concept_ids=[concept.pk],
        scores=[0.5],
        role_masks=[1],
        raw_score=0.5,
        size_class=1,
        producer_id=1,
        caption=caption,
    )
    for ordinal in (2, 0, 1):
        QuestionAnswer.objects.create(
            loop_id=loop_id,
            id=region_id * 10 + ordinal,
            image_id=item.image_id,
            region_id=region_id,
            concept_id=concept.pk,
            ordinal=ordinal,
            question=f"What about {word}, {ordinal}?",
            answer=f"Answer {ordinal}.",
            producer_id=1,
        )


def test_an_instance_has_three_pairs_and_the_caption_of_its_tag(project: Any, ana: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    _describe(item, WORDS[0], "A jug of milk.")
    judge(item, ana, WORDS[2])
    (record,) = _written(project, "regions")
    assert record["tag"] == WORDS[0]
    assert record["caption"] == "A jug of milk."
    assert record["qa"] == [
        {"question": f"What about {WORDS[0]}, {ordinal}?", "answer": f"Answer {ordinal}."} for ordinal in range(3)
    ]
    assert record["verified"] == ["tag"]


def test_words_about_a_rejected_tag_do_not_leave(project: Any, ana: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    _describe(item, WORDS[0], "A jug of milk.")
    judge(item, ana, WORDS[0])
    (record,) = _written(project, "regions")
    assert (record["tag"], record["qa"], record["caption"]) == (WORDS[1], [], None)


def test_a_loop_whose_rows_were_dropped_leaves_only_the_verified_tag(project: Any, ana: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    _describe(item, WORDS[0], "A jug of milk.")
    judge(item, ana)
    drop_partitions(item.sample.annotated_loop_id)
    (record,) = _written(project, "regions")
    assert (record["tag"], record["qa"], record["caption"]) == (WORDS[0], [], None)


def test_a_loop_can_be_started_while_an_export_reads(project: Any, ana: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    _describe(item, WORDS[0], "A jug of milk.")
    judge(item, ana)

    def start_a_loop(progress: Progress) -> None:
        if progress.lines:  # pairs and captions have been read
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                create_partitions(item.sample.loop_id)

    write_export(wanted_export(project=project, kind="regions"), Lines(), start_a_loop)


# --- a snapshot -------------------------------------------------------------------------------------------------


def test_what_people_do_meanwhile_is_not_in_it(project: Any, ana: Any, judged: Sample, small_batches: None) -> None:
    before = _written(project)
    more = make_sample(Project.objects.create(name="More", slug="more"), items=10, images=2)
    Sample.objects.filter(pk=more.pk).update(project=project, loop=Loop.objects.get(project=project, number=0))
    Image.objects.filter(pk__in=more.items.values("image")).update(project=project)
    lines, reports = Lines(), 0

    def interfere(_progress: Progress) -> None:
        nonlocal reports
        reports += 1
        if reports == 2:
            judge_all(more, [ana])
            SampleItem.objects.filter(sample=judged).update(state="escalated")
            Concept.objects.filter(text=WORDS[1]).update(display="renamed")

    write_export(wanted_export(project=project, kind="tags"), lines, interfere)
    assert reports > 3
    assert lines.records() == before
    assert {record["region"] for record in _written(project)} == {
        region for (region,) in more.items.values_list("region_ids", flat=True)
    }


# --- asking for one, and running it -----------------------------------------------------------------------------


def test_a_request_is_sent_to_a_worker_once(project: Any, cleo: Any, sent: list[int]) -> None:
    first = request_export(project=project, user=cleo, kind="tags")
    assert request_export(project=project, user=cleo, kind="tags").pk == first.pk
    assert sent == [first.pk]
    other = request_export(project=project, user=cleo, kind="regions")
    assert sent == [first.pk, other.pk]
    run_export(first.pk)
    assert request_export(project=project, user=cleo, kind="tags").pk != first.pk


def test_nothing_is_sent_when_the_transaction_is_undone(project: Any, cleo: Any, sent: list[int]) -> None:
    with transaction.atomic():
        request_export(project=project, user=cleo, kind="tags")
        transaction.set_rollback(True)
    assert sent == []
    assert not Export.objects.exists()


def test_a_request_survives_a_broker_that_does_not_answer(
    project: Any, cleo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(dispatch.app, "send_task", fail)
    assert request_export(project=project, user=cleo, kind="tags").state == ExportState.PENDING


def test_a_finished_export_is_a_whole_file_with_its_facts(
    project: Any, cleo: Any, judged: Sample, sent: list[int]
) -> None:
    export = run_export(request_export(project=project, user=cleo, kind="tags").pk)
    assert export
    data = export_path(export).read_bytes()
    assert export.state == ExportState.DONE
    assert export.rows_done == export.rows_total == len(data.splitlines()) == 20
    assert export.file_bytes == len(data)
    assert export.sha256 == hashlib.sha256(data).hexdigest()
    assert export.schema_version == "tags-1"
    assert Path(settings.ARGUS_DATA_DIR, export.path) == export_path(export)
    meta = orjson.loads(export_path(export).with_name(f"{export.pk}.jsonl.meta.json").read_bytes())
    assert meta["sha256"] == export.sha256
    assert (meta["records"], meta["filters"], meta["project"]) == (20, {}, "street")
    assert _left_over() == []


def _left_over() -> list[str]:
    return [path.name for path in Path(settings.ARGUS_DATA_DIR, "exports").glob("*.partial")]


def test_running_a_finished_export_again_changes_nothing(
    project: Any, cleo: Any, judged: Sample, sent: list[int]
) -> None:
    export = run_export(request_export(project=project, user=cleo, kind="tags").pk)
    assert export
    changed = export_path(export).stat().st_mtime_ns
    assert run_export(export.pk) is None
    assert run_export(export.pk + 1000) is None
    assert export_path(export).stat().st_mtime_ns == changed


@pytest.fixture
def while_writing(monkeypatch: pytest.MonkeyPatch, small_batches: None) -> Callable[[Callable[[], None]], None]:
    """Have something happen once, when the first lines of the next export are written."""

    def arrange(happens: Callable[[], None]) -> None:
        left = [happens]

        def write(wanted: Wanted, sink: Any, report: Callable[[Progress], None], **more: Any) -> Written:
            def between(progress: Progress) -> None:
                if progress.lines and left:
                    left.pop()()
                report(progress)

            return write_export(wanted, sink, between, **more)

        monkeypatch.setattr(exports, "write_export", write)

    return arrange


def test_progress_is_told_while_it_runs(
    project: Any, cleo: Any, judged: Sample, sent: list[int], while_writing: Any
) -> None:
    export, seen = request_export(project=project, user=cleo, kind="tags"), []

    def look() -> None:
        seen.append(Export.objects.values("state", "rows_done", "rows_total", "attempt").get(pk=export.pk))

    while_writing(look)
    run_export(export.pk)
    assert seen == [{"state": "running", "rows_done": 0, "rows_total": 20, "attempt": 1}]


def test_a_cancelled_export_stops_between_batches_and_leaves_no_file(
    project: Any, cleo: Any, judged: Sample, sent: list[int], while_writing: Any
) -> None:
    export = request_export(project=project, user=cleo, kind="tags")
    while_writing(lambda: cancel_export(export=export))
    assert run_export(export.pk) is None
    export.refresh_from_db()
    assert export.state == ExportState.CANCELLED
    assert not export_path(export).exists()
    assert _left_over() == []
    cancel_export(export=export)
    assert run_export(export.pk) is None


def test_a_finished_export_cannot_be_cancelled(project: Any, cleo: Any, sent: list[int]) -> None:
    export = run_export(request_export(project=project, user=cleo, kind="tags").pk)
    assert export
    with pytest.raises(Conflict):
        cancel_export(export=export)


def test_an_export_in_live_hands_is_not_taken(
    project: Any, cleo: Any, judged: Sample, sent: list[int], while_writing: Any
) -> None:
    export, second = request_export(project=project, user=cleo, kind="tags"), []
    while_writing(lambda: second.append(run_export(export.pk)))
    assert run_export(export.pk)
    assert second == [None]


def _lapse(export: Export) -> None:
    Export.objects.filter(pk=export.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))


def test_a_writer_that_seemed_dead_publishes_nothing(
    project: Any, cleo: Any, judged: Sample, sent: list[int], while_writing: Any
) -> None:
    export, second = request_export(project=project, user=cleo, kind="tags"), []

    def claim_again() -> None:
        _lapse(export)
        second.append(run_export(export.pk))

    while_writing(claim_again)
    assert run_export(export.pk) is None
    (finished,) = second
    assert finished.attempt == 2
    export.refresh_from_db()
    assert export.state == ExportState.DONE
    assert hashlib.sha256(export_path(export).read_bytes()).hexdigest() == export.sha256
    assert _left_over() == []


def test_what_a_dead_worker_left_is_written_over_from_the_start(
    project: Any, cleo: Any, judged: Sample, sent: list[int]
) -> None:
    export = request_export(project=project, user=cleo, kind="tags")
    Export.objects.filter(pk=export.pk).update(state=ExportState.RUNNING, attempt=1, rows_done=15)
    _lapse(export)
    partial = export_path(export).with_name(f"{export.pk}.1.partial")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b'{"half": ')
    assert requeue_stale_exports() == 1
    assert sent == [export.pk, export.pk]
    again = run_export(export.pk)
    assert again
    assert (again.attempt, again.state) == (2, ExportState.DONE)
    assert export_path(again).read_bytes() == _fresh(project)
    assert _left_over() == []


def _fresh(project: Any) -> bytes:
    lines = Lines()
    write_export(wanted_export(project=project, kind="tags"), lines, _ignore)
    return lines.data


def test_an_export_that_kills_its_workers_is_given_up(project: Any, cleo: Any, sent: list[int]) -> None:
    export = request_export(project=project, user=cleo, kind="tags")
    Export.objects.filter(pk=export.pk).update(state=ExportState.RUNNING, attempt=MAX_ATTEMPTS)
    _lapse(export)
    sent.clear()
    assert requeue_stale_exports() == 0
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    assert "5 times" in export.error
    assert sent == []


def test_an_export_whose_message_was_lost_is_sent_again(project: Any, cleo: Any, sent: list[int]) -> None:
    export = request_export(project=project, user=cleo, kind="tags")
    assert requeue_stale_exports() == 0
    Export.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert requeue_stale_exports() == 1
    assert sent == [export.pk, export.pk]


def test_orphaned_halves_are_removed_and_those_being_written_are_not(project: Any, cleo: Any, sent: list[int]) -> None:
    running, dead = (request_export(project=project, user=cleo, kind=kind) for kind in ("tags", "regions"))
    cancel_export(export=dead)
    folder = export_path(dead).parent
    folder.mkdir(parents=True)
    for name in (f"{running.pk}.1.partial", f"{dead.pk}.1.partial", "99999.3.partial", "note.partial"):
        (folder / name).touch()
    requeue_stale_exports()
    assert sorted(_left_over()) == sorted([f"{running.pk}.1.partial", "note.partial"])


def test_a_file_that_cannot_be_written_says_why(project: Any, cleo: Any, sent: list[int]) -> None:
    Path(settings.ARGUS_DATA_DIR).mkdir(parents=True)
    Path(settings.ARGUS_DATA_DIR, "exports").write_text("in the way")
    export = request_export(project=project, user=cleo, kind="tags")
    with pytest.raises(OSError, match="exists"):
        run_export(export.pk)
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    assert "could not be written" in export.error


@pytest.fixture
def full_disk() -> Path:
    """A device that refuses every byte, as a full disk does."""
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("no /dev/full here")
    return Path("/dev/full")


def test_a_full_disk_fails_the_export_and_leaves_nothing(
    project: Any, cleo: Any, judged: Sample, sent: list[int], full_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = request_export(project=project, user=cleo, kind="tags")

    def onto_full_disk(wanted: Wanted, _sink: Any, report: Callable[[Progress], None], **options: Any) -> Written:
        with full_disk.open("wb", buffering=0) as sink:
            return write_export(wanted, sink, report, **options)

    monkeypatch.setattr(exports, "write_export", onto_full_disk)
    with pytest.raises(OSError, match="No space"):
        run_export(export.pk)
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    assert "No space" in export.error
    assert _left_over() == []
