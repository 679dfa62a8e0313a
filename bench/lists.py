"""How long list pages take: `python -m bench.lists --json [--regions N] [--rounds N]`.

N regions (a million; the goal is meant for ten: --regions 10000000, some 12 GB of disk), twenty a photo, five tags
each over 100,000 concepts whose frequencies fall as in real vocabularies, one person's verdicts on 20,000 of them, on
servers of its own in a temporary folder. Measured is the whole request, from address to rendered page, as Django's test
client sees it: first pages, pages deep inside, a common and a rare concept, filters that find nothing, one photo,
suggestions. The figure `ms` is the median of the slowest page; 95th percentiles stand beside the medians.
Beside it what the same lists cost when paged by offset and counted: the two statements alone, without a page.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.reporting import AT_MOST, parser, report

GOALS = {"ms": (AT_MOST, 100.0)}
PER_PHOTO = 20
CONCEPTS = 100_000
JUDGED = 20_000
WARM_UP = 8  # statements get their lasting plans at the sixth execution


def main() -> None:
    options = parser("lists", __doc__)
    options.add_argument("--regions", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=20)
    arguments = options.parse_args()
    from webapp.embedded.servers import EmbeddedServers

    with tempfile.TemporaryDirectory(prefix="argus-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the server may run as another user
        var = Path(folder) / "var"
        os.environ |= {"ARGUS_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings.base", "LOG_LEVEL": "ERROR"}
        with EmbeddedServers(var) as servers:
            os.environ["DATABASE_URL"] = servers.database_url
            os.environ["REDIS_URL"] = servers.redis_url
            os.environ["SECRET_KEY"] = "bench-" + os.urandom(24).hex()
            os.environ |= {"ALLOWED_HOSTS": "testserver", "HTTPS_ONLY": "no"}
            figures = measure(arguments.regions, arguments.rounds)
    if not arguments.json:
        for name, value in figures.items():
            print(f"{name:>34}: {value:,}")
    report("lists", figures, GOALS)


def measure(regions: int, rounds: int) -> dict[str, float]:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    lead = fill(regions)
    figures: dict[str, float] = {"regions": regions, "fill_s": round(time.perf_counter() - began)}
    client = Client()
    client.force_login(lead)
    addresses = pages(regions)
    times: dict[str, list[float]] = {name: [] for name in addresses}
    for place in range(WARM_UP + rounds):
        # All pages in turn, so that what else the machine does falls on none of them alone.
        for name, address in addresses.items():
            times[name].append(milliseconds(partial(open_page, client, address(place))))
    for name, all_of_them in times.items():
        warm = all_of_them[WARM_UP:]
        figures[f"{name}_median_ms"] = round(statistics.median(warm), 1)
        figures[f"{name}_p95_ms"] = round(p95(warm), 1)
    figures["ms"] = max(figures[f"{name}_median_ms"] for name in addresses)
    for name, statement in BASELINE.items():
        figures[f"baseline_{name}_ms"] = round(
            statistics.median(milliseconds(partial(run, statement)) for _ in "123"), 1
        )
    return figures


def pages(regions: int) -> dict[str, Callable[[int], str]]:
    """Addresses by the number of the round, so that no two requests read the same rows."""
    photos = regions // PER_PHOTO

    def far(place: int, end: int) -> int:
        return (place * 7919 + end // 2) % max(end - 1000, 1) + 1

    explore = "/p/bench/explore/"
    return {
        "explore_first": lambda place: explore,
        "explore_deep": lambda place: f"{explore}?after={far(place, photos)}",
        "explore_before": lambda place: f"{explore}?before={far(place, photos) + 500}",
        "explore_photo": lambda place: f"{explore}?photo={far(place, photos)}",
        "explore_common": lambda place: f"{explore}?concept=thing+1&after={far(place, regions)}",
        "explore_rare": lambda place: f"{explore}?concept=thing+{CONCEPTS - 5000 + place}",
        "explore_no_match": lambda place: f"{explore}?source=ocr&after={far(place, regions)}",
        "explore_rare_size": lambda place: f"{explore}?concept=thing+2&size=huge&after={far(place, regions)}",
        "explore_verified": lambda place: f"{explore}?verified=yes&after={far(place, regions) // 4}",
        "explore_not_verified": lambda place: f"{explore}?verified=no&after={far(place, regions)}",
        "suggestions": lambda place: f"{explore}concepts/?concept=thing+{place % 9 + 1}",
        "photos_first": lambda place: "/p/bench/photos/",
        "photos_deep": lambda place: f"/p/bench/photos/?before={far(place, photos) + 500}",
        "loops": lambda place: "/p/bench/loops/",
        "loop": lambda place: "/p/bench/loops/1/",
    }


def open_page(client: Any, address: str) -> None:
    status = client.get(address).status_code
    if status != 200:
        raise SystemExit(f"{address} answered {status}")


def milliseconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, round(len(times) * 0.95))]


def run(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.fetchall()


BASELINE = {
    "count_photos": "SELECT count(*) FROM annotation_image WHERE project_id = 1",
    "count_tag": "SELECT count(*) FROM annotation_regionannotation WHERE loop_id = 1 AND concept_ids[1] = 1",
    "offset_photos": "SELECT id, name FROM annotation_image WHERE project_id = 1 ORDER BY id LIMIT 24 "
    "OFFSET (SELECT count(*) / 2 FROM annotation_image)",
    "offset_size": "SELECT region_id FROM annotation_regionannotation WHERE loop_id = 1 AND size_class = 5 "
    "ORDER BY region_id LIMIT 24 OFFSET 100000",
}


def fill(regions: int) -> Any:
    """A project with a finished loop 0, a running loop 1 with a sample, and one lead, whom it returns."""
    from django.db import connection

    from annotation.models import Loop, LoopState
    from annotation.services.partitions import create_partitions
    from verification.models import Sample
    from webapp.accounts.models import User
    from webapp.projects.models import Membership, Project

    project = Project.objects.create(id=1, name="Bench", slug="bench")
    lead = User.objects.create_user("lead", "lead@example.org", "-")
    Membership.objects.create(project=project, user=lead, role="lead")
    zero = Loop.objects.create(id=1, project=project, number=0, state=LoopState.FINISHED, config_digest="0")
    one = Loop.objects.create(id=2, project=project, number=1, state=LoopState.RUNNING, config_digest="1", parent=zero)
    sample = Sample.objects.create(project=project, loop=one, annotated_loop=zero, task_kind="tag", seed=1)
    values = {
        "regions": regions,
        "per": PER_PHOTO,
        "concepts": CONCEPTS,
        "judged": min(JUDGED, regions),
        "sample": sample.pk,
        "lead": lead.pk,
    }
    create_partitions(zero.pk)
    create_partitions(one.pk)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in _FILL:
            cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return lead


# The first n concepts stand on a share of (n / concepts) ** 0.2 of the regions: the first one on every tenth.
_CONCEPT = "1 + floor(power((hashint8(n) & 1048575) / 1048576.0, 5) * %(concepts)s::int)::bigint"
_FILL = (
    """INSERT INTO annotation_producer (id, backend, model, version, config_digest)
       OVERRIDING SYSTEM VALUE VALUES (1, 'bench', 'made up', '1', '')""",
    """INSERT INTO annotation_concept (id, kind, text, display)
       OVERRIDING SYSTEM VALUE SELECT n, 'tag', 'thing ' || n, 'Thing ' || n
       FROM generate_series(1, %(concepts)s::int + 4) n""",
    """INSERT INTO annotation_image (id, project_id, sha256, name, url, original, display, thumbnail, width, height,
                                     mean_luma, file_bytes, licence, source, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT n, 1, encode(sha256(n::text::bytea), 'hex'), 'photo-' || n || '.jpg', '', 'o/' || n, 'd/' || n, 't/' || n,
              1280, 960, 0.5, 1, 'CC0-1.0', 'bench', now()
       FROM generate_series(1, %(regions)s::int / %(per)s::int) n""",
    """INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
       SELECT n + 1, n / %(per)s::int + 1, 1, 'class_agnostic', n, '', n %% 600, n %% 400,
              n %% 600 + 10 + n %% 17 * 30, n %% 400 + 10 + n %% 13 * 30, '{}'
       FROM generate_series(0, %(regions)s::bigint - 1) n""",
    f"""INSERT INTO annotation_regionannotation (loop_id, region_id, image_id, concept_ids, scores, role_masks,
                                                 raw_score, size_class, producer_id, caption)
        SELECT 1, n + 1, n / %(per)s::int + 1,
               ARRAY[first.tag, first.tag + 1, first.tag + 2, first.tag + 3, first.tag + 4],
               '{{0.9,0.4,0.3,0.2,0.1}}', '{{1,4,8,64,16}}', (n %% 97) / 97.0, n %% 6, 1,
               'A thing beside another thing.'
        FROM generate_series(0, %(regions)s::bigint - 1) n CROSS JOIN LATERAL (SELECT {_CONCEPT} AS tag) first""",
    """INSERT INTO verification_sampleitem (id, sample_id, image_id, region_ids, shown, inclusion_probability, reason,
                                            state)
       OVERRIDING SYSTEM VALUE
       SELECT n + 1, %(sample)s, region.image_id, ARRAY[region.id],
              '{"tags": [{"concept_id": 1, "text": "thing 1", "score": 0.9, "role_mask": 1}]}', 0.1, 'concept', 'open'
       FROM generate_series(0, %(judged)s::int - 1) n
       JOIN annotation_region region ON region.id = 1 + n * (%(regions)s::bigint / %(judged)s::int)""",
    """INSERT INTO verification_assignment (id, sample_id, item_id, round, slot, rank, state, annotator_id, verdict_id)
       OVERRIDING SYSTEM VALUE
       SELECT id, sample_id, id, 0, 0, id, CASE WHEN id %% 2 = 0 THEN 'done' ELSE 'open' END,
              CASE WHEN id %% 2 = 0 THEN %(lead)s::bigint END, CASE WHEN id %% 2 = 0 THEN id END
       FROM verification_sampleitem""",
    """INSERT INTO verification_verdict (id, assignment_id, item_id, annotator_id, key, choice, rejected_ids,
                                         is_withdrawal, seconds)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, id, %(lead)s, gen_random_uuid(), '', '{}', false, 8
       FROM verification_sampleitem WHERE id %% 2 = 0""",
)


if __name__ == "__main__":
    main()
