"""How fast verified regions leave: `python -m bench.export --json [--rows N] [--overlap N] [--reviewed] [--kind K]
[--format F …] [--concepts N] [--rounds N]`.

N verified regions, ten a photo, five tags each, judged by one person (--overlap: by more; --reviewed: and accepted by
an expert in packages of 100), on servers of its own in a temporary folder. Measured are the records per second of the
service behind page and command (verification/services), written to a file, synced and renamed, in a process that does
nothing else, and that process's peak memory; `cpu_us_per_row` is that process's own processor time, beside which the
database works on the next batch. `--format` may be repeated; figures without a format's name are those of the first,
`largest_peak_mb` is that of all. The baseline: the same tables joined and streamed out by psycopg's COPY, as text,
without deciding or encoding anything.

Tables are written directly with constraints off and indexes last, on a server that waits for no disk: an export
only reads. 200,000 rows take seconds; ten million some minutes and 20 GB of disk, the written file included.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.reporting import AT_LEAST, AT_MOST, parser, report

GOALS = {"rows_per_s": (AT_LEAST, 20_000.0), "largest_peak_mb": (AT_MOST, 200.0), "wrong_lines": (AT_MOST, 0.0)}
FORMATS = ("jsonl", "parquet", "coco", "yolo", "huggingface")
USUAL = ("jsonl", "parquet")


def main() -> None:
    options = parser("export", __doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--overlap", type=int, default=1, choices=range(1, 10))
    options.add_argument("--reviewed", action="store_true", help="experts review, all packages are accepted")
    options.add_argument("--kind", default="tags", choices=["tags", "regions"])
    options.add_argument("--format", action="append", choices=FORMATS, help="repeat for several; usually two")
    options.add_argument("--concepts", type=int, default=30_000, help="how many different tags there are")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--child", metavar="FILE", help="write the export to FILE and print figures; used by itself")
    arguments = options.parse_args()
    if arguments.child:
        print(json.dumps(export_to(Path(arguments.child), arguments.kind, arguments.format[0])))
        return
    from webapp.embedded.servers import EmbeddedServers

    with tempfile.TemporaryDirectory(prefix="argus-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the server may run as another user
        var = Path(folder) / "var"
        os.environ |= {"ARGUS_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings.base", "LOG_LEVEL": "WARNING"}
        with EmbeddedServers(var, redis=False, durable=False) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            os.environ["SECRET_KEY"] = "bench-" + os.urandom(24).hex()
            os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"  # never asked
            figures = measure(arguments, Path(folder) / "out.jsonl")
    if not arguments.json:
        for name, value in figures.items():
            print(f"{name:>22}: {value:,}")
    report("export", figures, GOALS)


def measure(arguments: Any, out: Path) -> dict[str, float]:
    """Alternating runs of the exports and of the baseline; medians, the highest peaks."""
    import django

    django.setup()
    from django.core.management import call_command

    from bench.export_data import fill

    call_command("migrate", verbosity=0)
    rows, formats = arguments.rows, list(dict.fromkeys(arguments.format or USUAL))
    began = time.perf_counter()
    fill(
        rows,
        arguments.overlap,
        concepts=arguments.concepts,
        reviewed=arguments.reviewed,
        with_texts=arguments.kind == "regions",
        indexes_last=True,
    )
    figures: dict[str, float] = {
        "rows": rows,
        "overlap": arguments.overlap,
        "reviewed": arguments.reviewed,
        "fill_s": round(time.perf_counter() - began),
    }
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in formats}
    baseline = []
    for _ in range(arguments.rounds):
        for name in formats:
            runs[name].append(child(out, arguments.kind, name))
        baseline.append(copy_seconds(rows))
    for name in formats:
        prefix = "" if name == formats[0] else f"{name}_"
        figures |= {f"{prefix}{key}": value for key, value in figures_of(runs[name], rows).items()}
    raw = rows / statistics.median(baseline)
    return figures | {
        "copy_rows_per_s": round(raw),
        "share_of_copy": round(figures["rows_per_s"] / raw, 3),
        "largest_peak_mb": max(run["peak_mb"] for of_format in runs.values() for run in of_format),
        "wrong_lines": sum(abs(run["lines"] - rows) for of_format in runs.values() for run in of_format),
    }


def figures_of(runs: list[dict[str, float]], rows: int) -> dict[str, float]:
    """Of one format."""
    return {
        "rows_per_s": round(rows / statistics.median(run["seconds"] for run in runs)),
        "cpu_us_per_row": round(statistics.median(run["cpu"] for run in runs) / rows * 1e6, 1),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "peak_mb_before": max(run["peak_mb_before"] for run in runs),
        "file_mb": max(run["file_mb"] for run in runs),
    }


def child(out: Path, kind: str, file_format: str) -> dict[str, float]:
    """One export in a process of its own; the file is removed again."""
    command = [sys.executable, "-m", "bench.export", "--child", str(out), "--kind", kind, "--format", file_format]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    out.unlink()
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
        "file_mb": round(out.stat().st_size / 1e6, 1),
        "peak_mb": _peak_mb(),
        "peak_mb_before": before,
    }


def _peak_mb() -> int:
    """Of this process; `getrusage` would tell the largest of it and of the one that started it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return round(int(line.split()[1]) / 1024)


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


if __name__ == "__main__":
    main()
