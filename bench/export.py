"""How fast verified regions leave: `python -m bench.export --json [--rows N] [--overlap N] [--reviewed] [--kind K]
[--format F]`.

N verified regions, ten a photo, five tags each, judged by one person (--overlap: by more; --reviewed: and accepted by
an expert in packages of 100), on servers of its own in a temporary folder. Measured are the records per second of the
service behind page and command (verification/services), written to a file, synced and renamed, in a process that does
nothing else, and that process's peak memory; `cpu_us_per_row` is that process's own processor time, beside which the
database works on the next batch. Beside it the same as Parquet, and the baseline: the same tables joined and streamed
out by psycopg's COPY, as text, without deciding or encoding anything.
Tables are written directly with constraints off; 200,000 rows take about half a minute and 1 GB of disk.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.reporting import AT_LEAST, AT_MOST, parser, report

GOALS = {"rows_per_s": (AT_LEAST, 20_000.0), "peak_mb": (AT_MOST, 200.0), "wrong_lines": (AT_MOST, 0.0)}
BESIDE = "parquet"
PER_PHOTO = 10
CONCEPTS = 30_000


def main() -> None:
    options = parser("export", __doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--overlap", type=int, default=1, choices=range(1, 10))
    options.add_argument("--reviewed", action="store_true", help="experts review, all packages are accepted")
    options.add_argument("--kind", default="tags", choices=["tags", "regions"])
    options.add_argument("--format", default="jsonl", choices=["jsonl", "parquet", "coco", "yolo", "huggingface"])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--child", metavar="FILE", help="write the export to FILE and print figures; used by itself")
    arguments = options.parse_args()
    if arguments.child:
        print(json.dumps(export_to(Path(arguments.child), arguments.kind, arguments.format)))
        return
    from webapp.embedded.servers import EmbeddedServers

    with tempfile.TemporaryDirectory(prefix="argus-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the server may run as another user
        var = Path(folder) / "var"
        os.environ |= {"ARGUS_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings.base", "LOG_LEVEL": "WARNING"}
        with EmbeddedServers(var, redis=False) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            os.environ["SECRET_KEY"] = "bench-" + os.urandom(24).hex()
            os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"  # never asked
            figures = measure(arguments, Path(folder) / "out.jsonl")
    if not arguments.json:
        for name, value in figures.items():
            print(f"{name:>22}: {value:,}")
    report("export", figures, GOALS)


def measure(arguments: Any, out: Path) -> dict[str, float]:
    """Alternating runs of the export and of the baseline; medians, the highest peak."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill(arguments.rows, arguments.overlap, reviewed=arguments.reviewed, with_texts=arguments.kind == "regions")
    runs, beside, baseline = [], [], []
    for _ in range(arguments.rounds):
        runs.append(child(out, arguments.kind, arguments.format))
        if arguments.format != BESIDE:
            beside.append(child(out.with_suffix(".beside"), arguments.kind, BESIDE))
        baseline.append(copy_seconds(arguments.rows))
    rate = arguments.rows / statistics.median(run["seconds"] for run in runs)
    with_beside = {}
    if beside:
        with_beside = {
            "parquet_rows_per_s": round(arguments.rows / statistics.median(run["seconds"] for run in beside)),
            "parquet_peak_mb": round(max(run["peak_mb"] for run in beside)),
        }
    raw = arguments.rows / statistics.median(baseline)
    return {
        "rows": arguments.rows,
        "overlap": arguments.overlap,
        "reviewed": arguments.reviewed,
        "rows_per_s": round(rate),
        "cpu_us_per_row": round(statistics.median(run["cpu"] for run in runs) / arguments.rows * 1e6, 1),
        "copy_rows_per_s": round(raw),
        "share_of_copy": round(rate / raw, 3),
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
        "peak_mb_before": round(max(run["peak_mb_before"] for run in runs)),
        "file_mb": round(out.stat().st_size / 1e6),
        "wrong_lines": sum(abs(run["lines"] - arguments.rows) for run in [*runs, *beside]),
        **with_beside,
    }


def child(out: Path, kind: str, file_format: str) -> dict[str, float]:
    """One export in a process of its own."""
    command = [sys.executable, "-m", "bench.export", "--child", str(out), "--kind", kind, "--format", file_format]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def export_to(out: Path, kind: str, file_format: str) -> dict[str, float]:
    """In a process of its own: write the export, tell how long that took and how much memory."""
    import django

    django.setup()
    from verification.services.export_choices import wanted_export
    from verification.services.export_files import write_export
    from verification.services.files import partial_file
    from webapp.projects.models import Project

    wanted = wanted_export(project=Project.objects.get(), kind=kind, format=file_format)
    before, started, cpu = _peak_mb(), time.perf_counter(), time.process_time()
    with partial_file(out) as file:
        written = write_export(wanted, file, lambda _progress: None, folder=out.parent)
        file.sync()
        file.publish()
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "lines": written.lines,
        "peak_mb": _peak_mb(),
        "peak_mb_before": before,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def copy_seconds(rows: int) -> float:
    """The baseline: all joined rows out by COPY, counted, not kept."""
    from django.db import connection

    with connection.cursor():
        started, lines = time.perf_counter(), 0
        with connection.connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for block in copy:
                lines += bytes(block).count(b"\n")
    assert lines >= rows, (lines, rows)
    return time.perf_counter() - started


def fill(rows: int, overlap: int, *, reviewed: bool = False, with_texts: bool = False) -> None:
    """A project whose `rows` items are all judged; of every second one the best tag is wrong."""
    from django.db import connection

    from annotation.services.partitions import create_partitions
    from webapp.accounts.models import User
    from webapp.projects.models import Project

    project = Project.objects.create(name="Bench", slug="bench", overlap=overlap, review_required=reviewed)
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.org") for n in range(overlap + 1))
    values: dict[str, Any] = {
        "rows": rows,
        "per": PER_PHOTO,
        "concepts": CONCEPTS,
        "overlap": overlap,
        "project": project.pk,
        "people": [person.pk for person in people],
        "expert": people[-1].pk,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in [*_FILL, *(_REVIEWS if reviewed else ())]:
            cursor.execute(statement, values)
        if with_texts:
            create_partitions(1)
            for statement in _TEXTS:
                cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


_COPY = """
COPY (
    SELECT item.id, item.shown, verdict.rejected_ids, verdict.created_at, loop.number,
           region.id, region.x1, region.y1, region.x2, region.y2,
           image.url, image.original, image.name, image.sha256, image.width, image.height, image.licence
    FROM verification_sampleitem item
    JOIN verification_sample sample ON sample.id = item.sample_id
    JOIN annotation_loop loop ON loop.id = sample.loop_id
    JOIN verification_assignment slot ON slot.item_id = item.id
    JOIN verification_verdict verdict ON verdict.id = slot.verdict_id
    JOIN annotation_region region ON region.id = item.region_ids[1]
    JOIN annotation_image image ON image.id = item.image_id
) TO STDOUT
"""

_FILL = (
    """INSERT INTO annotation_concept (id, kind, text, display)
       OVERRIDING SYSTEM VALUE SELECT n, 'tag', 'thing ' || n, 'Thing ' || n
       FROM generate_series(1, %(concepts)s::int) n""",
    """INSERT INTO annotation_image (id, project_id, sha256, name, url, original, display, thumbnail, width, height,
                                     mean_luma, file_bytes, licence, source, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT n + 1, %(project)s, encode(sha256(n::text::bytea), 'hex'), 'photo-' || n || '.jpg',
              'https://example.org/photos/' || n || '.jpg', 'originals/' || n || '.jpg', '', '', 640, 480,
              0.5, 1, 'CC0-1.0', 'bench', now()
       FROM generate_series(0, (%(rows)s::int - 1) / %(per)s::int) n""",
    """INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
       SELECT n, n / %(per)s::int + 1, 1, 'imported', n, '',
              n %% 300 + 0.25, n %% 200, n %% 300 + 50.5, n %% 200 + 60, '{}'
       FROM generate_series(0, %(rows)s::int - 1) n""",
    """INSERT INTO annotation_loop (id, project_id, number, config, config_digest, state, error, report, started_at)
       OVERRIDING SYSTEM VALUE
       VALUES (1, %(project)s, 0, '{}', '', 'finished', '', '{}', now()),
              (2, %(project)s, 1, '{}', '', 'running', '', '{}', now())""",
    """INSERT INTO verification_sample (id, project_id, loop_id, annotated_loop_id, task_kind, seed, config, overlap,
                                        is_open, created_at)
       OVERRIDING SYSTEM VALUE VALUES (1, %(project)s, 2, 1, 'tag', 1, '{}', %(overlap)s, true, now())""",
    # Items lie in random order, as a draw leaves them.
    """INSERT INTO verification_sampleitem (id, sample_id, image_id, region_ids, shown, inclusion_probability, reason,
                                            state)
       OVERRIDING SYSTEM VALUE
       SELECT row_number() OVER (ORDER BY hashint8extended(n, 7)), 1, n / %(per)s::int + 1, ARRAY[n], (
                  SELECT jsonb_build_object('tags', jsonb_agg(jsonb_build_object(
                      'concept_id', 1 + (n * 7 + place * 31) %% %(concepts)s::int,
                      'text', 'Thing ' || 1 + (n * 7 + place * 31) %% %(concepts)s::int,
                      'score', round((0.93 - place * 0.117)::numeric, 4), 'role_mask', 1 + place * 2)))
                  FROM generate_series(0, 4) place
              ), 0.1, 'concept', 'open'
       FROM generate_series(0::bigint, %(rows)s::int - 1) n""",
    """INSERT INTO verification_assignment (id, sample_id, item_id, round, slot, rank, state, annotator_id, verdict_id)
       OVERRIDING SYSTEM VALUE
       SELECT item.id * 10 + slot, 1, item.id, 0, slot, item.id * 10 + slot, 'done',
              (%(people)s::bigint[])[slot + 1], item.id * 10 + slot
       FROM verification_sampleitem item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot""",
    """INSERT INTO verification_verdict (id, assignment_id, item_id, annotator_id, key, choice, rejected_ids,
                                         is_withdrawal, seconds, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT slot.id, slot.id, slot.item_id, slot.annotator_id, gen_random_uuid(), '',
              CASE WHEN item.id %% 2 = 0 THEN ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint] ELSE '{}' END,
              false, 3, now()
       FROM verification_assignment slot JOIN verification_sampleitem item ON item.id = slot.item_id""",
)

# Where one person judged, the package has an author; the expert is another one and agrees with every mark.
_REVIEWS = (
    """INSERT INTO verification_reviewpackage (id, project_id, sample_id, author_id, attempt, size, threshold, state,
                                               expert_id, right_items, decided_at)
       OVERRIDING SYSTEM VALUE
       SELECT n, %(project)s, 1, CASE WHEN %(overlap)s::int = 1 THEN (%(people)s::bigint[])[1] END, 1, 100, 0.95,
              'accepted', %(expert)s, 100, now()
       FROM generate_series(0, (%(rows)s::int - 1) / 100) n""",
    """INSERT INTO verification_packageitem (id, package_id, item_id, position, verdict_ids, choice, rejected_ids,
                                             round, is_live)
       OVERRIDING SYSTEM VALUE
       SELECT item.id, (item.id - 1) / 100, item.id, (item.id - 1) %% 100, array_agg(verdict.id ORDER BY verdict.id),
              '', CASE WHEN item.id %% 2 = 0 THEN ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint] ELSE '{}' END,
              0, true
       FROM verification_sampleitem item JOIN verification_verdict verdict ON verdict.item_id = item.id
       GROUP BY item.id""",
    """INSERT INTO verification_ruling (id, package_item_id, expert_id, agrees, choice, rejected_ids, reason, seconds)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, %(expert)s, true, '', rejected_ids, '', 2 FROM verification_packageitem""",
)

_TEXTS = (
    """INSERT INTO annotation_regionannotation (loop_id, region_id, image_id, concept_ids, scores, role_masks,
                                                raw_score, size_class, producer_id, caption)
       SELECT 1, item.region_ids[1], item.image_id, ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint],
              ARRAY[0.93]::real[], ARRAY[1], 0.9, 2, 1, 'A thing that stands on a table beside another thing.'
       FROM verification_sampleitem item""",
    """INSERT INTO annotation_questionanswer (loop_id, id, image_id, region_id, concept_id, ordinal, question, answer,
                                              producer_id)
       SELECT 1, item.id * 4 + ordinal, item.image_id, item.region_ids[1],
              (item.shown #>> '{tags,0,concept_id}')::bigint, ordinal, 'What is the thing made of?', 'It is wood.', 1
       FROM verification_sampleitem item CROSS JOIN generate_series(0, 2) ordinal""",
)

if __name__ == "__main__":
    main()
