"""How long a concept-wise sample takes: `python -m bench.sampling --json [--regions N] [--concepts N] [--budget N]`.

N regions (ten million, some 5 GB of disk; --quick: 200,000), ten a photo, five tags each. What a region shows first is
one of a million concepts (--concepts; a tenth of the regions at most) whose frequencies fall by a power law: most stand
on a few regions, the first on one of fifty. Tables are written directly, indexes last, on servers of their own in a
temporary folder.

`seconds` is the whole of draw_tag_sample as a worker calls it: the frame without what people verified, quotas, the
draw, items with their frozen copies, slots. Of it are `selection_s` finding what is drawn, `items_s` writing as many
items and slots, `checks_s` the foreign keys of each, at the commit. `cpu_s` is the CPU time that the database and this
process spent on it, which says more on a busy machine. Beside it: the preview on the page that starts a loop, from what
was counted when the loop was finished (`count_s` is that counting, `preview_ms` the page's own work), a uniform audit
of 1,000 regions, and the baseline: one GROUP BY over the same rows. `peak_mb` is this process, `server_private_mb` the
largest server process without the memory that all of them share.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench.bulk_fill import insert_ranges, without_indexes
from bench.reporting import AT_MOST, parser, report

GOALS = {"seconds": (AT_MOST, 20.0), "peak_mb": (AT_MOST, 1000.0)}
REGIONS, QUICK = 10_000_000, 200_000
CONCEPTS = 1_000_000
PER_PHOTO = 10
TABLES = ("annotation_image", "annotation_region")


def main() -> None:
    options = parser("sampling", __doc__)
    options.add_argument("--regions", type=int, default=REGIONS)
    options.add_argument("--concepts", type=int, default=CONCEPTS)
    options.add_argument("--budget", type=int, default=100_000)
    options.add_argument("--quick", action="store_true", help=f"{QUICK:,} regions")
    arguments = options.parse_args()
    regions = QUICK if arguments.quick else arguments.regions
    from webapp.embedded.servers import EmbeddedServers

    with tempfile.TemporaryDirectory(prefix="argus-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the server may run as another user
        var = Path(folder) / "var"
        os.environ |= {"ARGUS_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings.base", "LOG_LEVEL": "ERROR"}
        with EmbeddedServers(var, redis=False) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            os.environ["SECRET_KEY"] = "bench-" + os.urandom(24).hex()
            os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"  # never asked
            figures = measure(regions, min(arguments.concepts, regions // 10), arguments.budget)
    if not arguments.json:
        for name, value in figures.items():
            print(f"{name:>22}: {value:,}")
    report("sampling", figures, GOALS)


def measure(regions: int, concepts: int, budget: int) -> dict[str, float]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from annotation.models import Loop
    from annotation.pipeline.loop_configs import SamplingConfig
    from verification.selectors.concept_spreads import preview_of_loop
    from verification.services.audit_draws import draw_audit
    from verification.services.concept_spreads import count_spread
    from verification.services.samples import draw_tag_sample

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    zero, one = fill(regions, concepts)
    figures: dict[str, float] = {"regions": regions, "fill_s": round(time.perf_counter() - began)}
    sampling = SamplingConfig(budget=budget, first_images=2_000_000_000)
    figures["group_by_s"] = timed(group_by)[0]
    figures["count_s"] = timed(lambda: count_spread(zero))[0]
    preview_s, preview = timed(lambda: preview_of_loop(zero, sampling))
    figures["preview_ms"] = round(preview_s * 1000, 1)
    before = cpu_seconds()
    with Watch() as watch, connection.execute_wrapper(phases := Phases()):
        figures["seconds"], sample = timed(
            lambda: draw_tag_sample(loop=one, annotated_loop=zero, config=sampling, seed=1)
        )
    figures["cpu_s"] = round(cpu_seconds() - before, 2)
    figures |= phases.shares(figures["seconds"])
    drawn = sample.config["drawn"]
    figures |= {"concepts": drawn["concepts"], "items": drawn["items"], "previewed_items": preview.items}
    figures["audit_s"] = timed(lambda: draw_audit(loop=Loop.objects.get(pk=zero.pk), seed=1))[0]
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    figures["server_private_mb"] = round(watch.peak_mb)
    return figures


def timed(act: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = act()
    return round(time.perf_counter() - began, 2), result


class Phases:
    """When the statements that write items and slots begin and end: before is what finds them, after it the commit."""

    def __init__(self) -> None:
        self._opened = time.perf_counter()
        self._began: float | None = None
        self._ended = self._opened

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        writes = sql.lstrip().startswith(("INSERT INTO verification_sampleitem", "INSERT INTO verification_assignment"))
        if writes and self._began is None:
            self._began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            if writes:
                self._ended = time.perf_counter()

    def shares(self, seconds: float) -> dict[str, float]:
        """Of a draw that took `seconds`. What comes after the last statement is the commit: it checks foreign keys."""
        began = self._ended if self._began is None else self._began
        return {
            "selection_s": round(began - self._opened, 2),
            "items_s": round(self._ended - began, 2),
            "checks_s": round(seconds - (self._ended - self._opened), 2),
        }


def group_by() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT concept_ids[1] FROM annotation_regionannotation GROUP BY 1) tags")
        cursor.fetchall()


def cpu_seconds() -> float:
    """CPU time of this process, of its database session, and of the session's helpers that have ended."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (session,) = cursor.fetchone()
    own = _times(session)
    postmaster = _times(int(own[1]))
    ticks = own[11] + own[12] + postmaster[13] + postmaster[14]
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def _times(process: int) -> list[float]:
    """The numbers of /proc/<process>/stat from the third on: 1 is the parent, 11 to 14 are ticks."""
    words = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return [0.0, *(float(word) for word in words[1:])]


class Watch:
    """The largest private memory of any server process of ours while it is open, read from /proc ten times a second."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.peak_mb = max([self.peak_mb, *(private_mb(process) for process in server_processes())])


def server_processes() -> list[Path]:
    """The database's processes below this one's servers: those of the postmaster that keeps our folder."""
    var = os.environ["ARGUS_VAR"]
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = status.read_bytes().decode(errors="replace")
            parent = int((status.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
            below = (Path("/proc") / str(parent) / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if words.startswith("postgres:") and var in below:
            found.append(status.parent)
    return found


def private_mb(process: Path) -> float:
    try:
        for line in (process / "status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def fill(regions: int, concepts: int) -> tuple[Any, Any]:
    """Loop 0 with its annotations, finished, and loop 1, running."""
    from django.db import connection

    from annotation.models import Loop, LoopState
    from annotation.services.partitions import create_partitions, partition_name
    from webapp.projects.models import Project

    project = Project.objects.create(name="Bench", slug="bench")
    zero = Loop.objects.create(project=project, number=0, state=LoopState.FINISHED, config_digest="0")
    one = Loop.objects.create(project=project, number=1, config_digest="1", parent=zero)
    create_partitions(zero.pk)
    partition = partition_name("annotation_regionannotation", zero.pk)
    values = {
        "regions": regions,
        "per": PER_PHOTO,
        "concepts": concepts,
        "project": project.pk,
        "loop": zero.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONCEPTS, values)
        # A partition's indexes cannot be dropped while it is attached.
        cursor.execute(f"ALTER TABLE annotation_regionannotation DETACH PARTITION {partition}")
        with without_indexes([*TABLES, partition]):
            insert_ranges(_IMAGES, values, regions // PER_PHOTO)
            insert_ranges(_REGIONS, values, regions)
            insert_ranges(_ANNOTATIONS.format(partition=partition), values, regions)
        cursor.execute(
            f"ALTER TABLE annotation_regionannotation ATTACH PARTITION {partition} FOR VALUES IN ({zero.pk})"
        )
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return zero, one


# The n-th concept stands on about n ** -2/3 as many regions as the first: the inverse of the cube of a uniform number.
_CONCEPT = "1 + floor(power((hashint8(n) & 1048575) / 1048576.0, 3) * %(concepts)s::int)::bigint"
_CONCEPTS = """
INSERT INTO annotation_concept (id, kind, text, display)
OVERRIDING SYSTEM VALUE SELECT n, 'tag', 'thing ' || n, 'Thing ' || n
FROM generate_series(1, %(concepts)s::int + 4) n
"""
_IMAGES = """
INSERT INTO annotation_image (id, project_id, sha256, name, url, original, display, thumbnail, width, height,
                              mean_luma, file_bytes, licence, source, created_at)
OVERRIDING SYSTEM VALUE
SELECT n + 1, %(project)s, lpad(to_hex(n + 1), 64, '0'), 'photo-' || n || '.jpg', '', 'o/' || n, 'd/' || n, 't/' || n,
       1280, 960, 0.5, 1, 'CC0-1.0', 'bench', now()
FROM generate_series(%(first)s::bigint, %(last)s) n
"""
_REGIONS = """
INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
SELECT n + 1, n / %(per)s::int + 1, 1, 'class_agnostic', n, '', n %% 600, n %% 400,
       n %% 600 + 10 + n %% 17 * 30, n %% 400 + 10 + n %% 13 * 30, '{}'
FROM generate_series(%(first)s::bigint, %(last)s) n
"""
_ANNOTATIONS = f"""
INSERT INTO {{partition}} (loop_id, region_id, image_id, concept_ids, scores, role_masks, raw_score, size_class,
                           producer_id, caption)
SELECT %(loop)s, n + 1, n / %(per)s::int + 1,
       ARRAY[first.tag, first.tag + 1, first.tag + 2, first.tag + 3, first.tag + 4],
       '{{{{0.9,0.4,0.3,0.2,0.1}}}}', '{{{{1,4,8,64,16}}}}', (n %% 97) / 97.0, n %% 6, 1,
       'A thing beside another thing.'
FROM generate_series(%(first)s::bigint, %(last)s) n CROSS JOIN LATERAL (SELECT {_CONCEPT} AS tag) first
"""


if __name__ == "__main__":
    main()
