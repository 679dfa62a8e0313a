"""How fast regions with their top 5 are written, all checks on: `python -m bench.ingest --json [--rows N]`.

From parsed records (annotation.importers.records.BoxRecord) with external ids and one tag each to rows in
`annotation_region` and `annotation_regionannotation`, with every constraint and index, through the services that
the import and the pipeline use; by two writers with a transaction each, as workers do, and by one. Beside it the raw
rate of one writer: the same rows by binary COPY into the same columns without any constraint, index or check.
Servers of its own, in a temporary folder; about a minute and 3 GB of disk.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from bench.reporting import AT_LEAST, parser, report

Batch: TypeAlias = tuple[list[Any], list[int]]
"""Records and the image of each."""

WRITERS = 2  # the cores of a small machine; workers write their shards side by side
BATCH = 50_000
PER_IMAGE = 100
CONCEPTS = 20_000
GOAL = 80_000


def main() -> None:
    options = parser("ingest", __doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    arguments = options.parse_args()
    from webapp.embedded.servers import EmbeddedServers

    with tempfile.TemporaryDirectory(prefix="argus-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the server may run as another user
        var = Path(folder) / "var"
        os.environ |= {"ARGUS_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings.base", "LOG_LEVEL": "WARNING"}
        with EmbeddedServers(var, redis=False) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            os.environ["SECRET_KEY"] = "bench-" + os.urandom(24).hex()
            os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"  # never asked
            figures = measure(arguments.rows)
    report("ingest", figures, {"regions_per_s": (AT_LEAST, GOAL)})


def measure(rows: int) -> dict[str, float]:
    """Write `rows` regions with annotations by several writers, a fifth as many by one, and all of them raw."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    alone = rows // 5
    world = World(alone + rows)
    batches = world.batches()
    seconds_alone, _ = write_all(world, batches, alone, writers=1)
    seconds, memory = write_all(world, batches, rows, writers=WRITERS)
    with connection.cursor() as cursor:
        for table in ("annotation_region", "annotation_regionannotation"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (alone + rows,)
    raw = (alone + rows) / world.raw_seconds()
    early = memory[min(1, len(memory) - 1)]
    return {
        "rows": rows,
        "writers": WRITERS,
        "regions_per_s": round(rows / seconds),
        "one_writer_regions_per_s": round(alone / seconds_alone),
        "raw_copy_rows_per_s": round(raw),
        "one_writer_share_of_raw": round(alone / seconds_alone / raw, 3),
        "memory_mb_early": round(early),
        "memory_mb_end": round(memory[-1]),
        "memory_growth_mb": round(memory[-1] - early),
        "memory_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def write_all(world: World, batches: Iterator[Batch], rows: int, *, writers: int) -> tuple[float, list[float]]:
    """Seconds that `rows` rows took, and the resident memory in MB after each round.

    A round is two batches a writer. Its records are made before its time runs, so that only the writing counts.
    """
    seconds, memory = 0.0, []
    with ThreadPoolExecutor(writers) as pool:
        for start in range(0, rows, 2 * writers * BATCH):
            batches_left = -(-min(rows - start, 2 * writers * BATCH) // BATCH)
            turn = list(islice(batches, batches_left))
            started = time.perf_counter()
            list(pool.map(world.write, turn))
            seconds += time.perf_counter() - started
            memory.append(_resident_mb())
            del turn
        list(pool.map(_close_connection, range(writers)))
    return seconds, memory


def _close_connection(_: int) -> None:
    from django.db import connection

    connection.close()


class World:
    """A project of photos with 100 boxes each, and a vocabulary; makes the records, writes them."""

    def __init__(self, rows: int) -> None:
        from annotation.models import Image, Loop
        from annotation.services.concepts import concept_ids_for
        from annotation.services.partitions import create_partitions
        from annotation.services.producers import get_producer
        from webapp.projects.models import Project

        self.rows = rows
        project = Project.objects.create(name="Bench", slug="bench")
        count = -(-rows // PER_IMAGE)
        Image.objects.bulk_create(
            (
                Image(project=project, sha256=f"{number:064x}", name=f"{number}.jpg", width=1024, height=768)
                for number in range(count)
            ),
            batch_size=5_000,
        )
        self.image_ids = np.fromiter(Image.objects.order_by("id").values_list("id", flat=True), dtype=np.int64)
        self.names = [f"concept number {number}" for number in range(CONCEPTS)]
        ids = concept_ids_for(self.names)
        self.concept_ids = np.array([ids[name] for name in self.names])
        self.producer = get_producer("import", "bench").pk
        self.loop = Loop.objects.create(project=project, number=0).pk
        create_partitions(self.loop)
        self.random = np.random.default_rng(7)

    def batches(self) -> Iterator[Batch]:
        """Parsed records and the images they belong to, BATCH at a time; made outside of the measured time."""
        from annotation.importers.records import BoxRecord

        for start in range(0, self.rows, BATCH):
            count = min(BATCH, self.rows - start)
            corners = self.random.uniform(0, (900, 650), (count, 2))
            boxes = np.concatenate((corners, corners + self.random.uniform(5, 100, (count, 2))), axis=1).round(2)
            tags = self.random.zipf(1.3, count) % CONCEPTS
            records = [
                BoxRecord(
                    image_key=(start + at) // PER_IMAGE, box=tuple(box), file="b.json", item=f"annotation {start + at}",
                    external_id=str(start + at), tags=((self.names[tag], 1.0),), score=0.5,
                )
                for at, (box, tag) in enumerate(zip(boxes.tolist(), tags.tolist(), strict=True))
            ]  # fmt: skip
            yield records, self.image_ids[(np.arange(start, start + count)) // PER_IMAGE].tolist()

    def write(self, batch: Batch) -> None:
        """One batch in one transaction, as the import and the pipeline write it."""
        from annotation.services.bulk import bulk_transaction, insert_region_annotations, insert_regions
        from annotation.services.imported_annotations import concepts_of, region_rows

        records, image_ids = batch
        concepts = concepts_of(records)
        rows = region_rows(records, image_ids, self.producer, concepts, "imported")
        with bulk_transaction():
            regions = insert_regions(rows)
            result = insert_region_annotations(self.annotations(rows.image_ids, regions.ids))
        assert regions.inserted == result.inserted == len(records)

    def annotations(self, image_ids: Any, region_ids: Any) -> Any:
        """A top 5 for every region: different concepts, falling scores."""
        from annotation.services.bulk import AnnotationRows

        count = len(region_ids)
        first = np.random.default_rng(count).integers(0, CONCEPTS, count)
        return AnnotationRows(
            loop_id=self.loop,
            producer_id=self.producer,
            image_ids=image_ids,
            region_ids=region_ids,
            concept_ids=self.concept_ids[(first[:, None] + np.arange(5)) % CONCEPTS],
            scores=np.tile(np.array([0.9, 0.5, 0.3, 0.2, 0.1]), (count, 1)),
            role_masks=np.full((count, 5), 256),
            counts=np.full(count, 5),
            raw_scores=np.full(count, 0.5),
            size_classes=np.full(count, 3),
        )

    def raw_seconds(self) -> float:
        """Copy the rows just written, slice by slice from memory, into bare twins of both tables."""
        from django.db import connection

        total = 0.0
        step = BATCH // PER_IMAGE
        with connection.cursor() as cursor:
            for table in ("annotation_region", "annotation_regionannotation"):
                cursor.execute(f"CREATE TABLE raw_{table} (LIKE {table})")
                for first in range(0, len(self.image_ids), step):
                    images = self.image_ids[first : first + step]
                    total += self._copy_raw(table, int(images[0]), int(images[-1]))
        return total

    def _copy_raw(self, table: str, first: int, last: int) -> float:
        from django.db import connection

        with connection.connection.cursor() as cursor:
            rows = f"SELECT * FROM {table} WHERE image_id BETWEEN {first} AND {last}"
            with cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)") as out:
                data = b"".join(out)
            started = time.perf_counter()
            with cursor.copy(f"COPY raw_{table} FROM STDIN (FORMAT BINARY)") as copy:
                for start in range(0, len(data), 2**20):
                    copy.write(data[start : start + 2**20])
            return time.perf_counter() - started


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
