"""How long list pages take: `python -m bench.lists --json [--regions N] [--rounds N]`.

N regions (a million; the goal is meant for ten: --regions 10000000, some 15 GB of disk), twenty a photo, five tags
each over 100,000 concepts whose frequencies fall as in real vocabularies, items on a tenth of them, half of these
judged by 200 people, paid and in packages (bench/lists_data.py), and what years leave beside that: loops, audits, gold
items, threads, teams, exports, messages (bench/lists_surroundings.py); on servers of its own in a temporary folder.
Opened is every list of the application, its API and its administration (bench/lists_pages.py). Measured is the whole
request, from address to rendered page, as Django's test client sees it: first pages, pages deep inside, a common and a
rare concept, filters that find nothing. The figure `ms` is the median of the slowest page; 95th percentiles stand
beside the medians, and how many statements a page takes: the same at any size, but for parts of a page that are there
or not. `cpu_ms` is the processor time of this process, which renders: it says more than
the clock on a busy machine. Some figures are remembered for a while (docs/quality.md): the 95th percentile has the
looks that read them anew.
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

from bench.lists_data import fill
from bench.lists_pages import pages
from bench.reporting import AT_MOST, parser, report

GOALS = {"ms": (AT_MOST, 100.0), "most_statements": (AT_MOST, 25.0)}
WARM_UP = 8


def main() -> None:
    options = parser("lists", __doc__)
    options.add_argument("--regions", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument(
        "--warm-up",
        type=int,
        default=WARM_UP,
        help="rounds before: plans last from the sixth execution on",
    )
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
            figures = measure(arguments.regions, arguments.rounds, arguments.warm_up)
    if not arguments.json:
        for name, value in figures.items():
            print(f"{name:>48}: {value:,}")
    report("lists", figures, GOALS)


def measure(regions: int, rounds: int, warm_up: int) -> dict[str, float]:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    settings.ARGUS_API_PER_MINUTE = 1_000_000
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    lead, admin = fill(regions)
    figures: dict[str, float] = {"regions": regions, "fill_s": round(time.perf_counter() - began)}
    as_lead, as_admin = Client(), Client()
    as_lead.force_login(lead)
    as_admin.force_login(admin)
    addresses = pages(regions)
    times: dict[str, list[float]] = {name: [] for name in addresses}
    statements: dict[str, list[int]] = {name: [] for name in addresses}
    spent: dict[str, list[float]] = {name: [] for name in addresses}
    for place in range(warm_up + rounds):
        # All pages in turn, so that what else the machine does falls on none of them alone.
        for name, address in addresses.items():
            counted, cpu = Counted(), time.process_time()
            client = as_admin if address(place).startswith("/admin/") else as_lead
            with connection.execute_wrapper(counted):
                times[name].append(milliseconds(partial(open_page, client, address(place))))
            statements[name].append(counted.statements)
            spent[name].append((time.process_time() - cpu) * 1000)
    for name, all_of_them in times.items():
        warm = all_of_them[warm_up:]
        figures[f"{name}_median_ms"] = round(statistics.median(warm), 1)
        figures[f"{name}_p95_ms"] = round(p95(warm), 1)
        figures[f"{name}_cpu_ms"] = round(statistics.median(spent[name][warm_up:]), 1)
        figures[f"{name}_statements"] = max(statements[name][warm_up:])
    figures["pages"] = len(addresses)
    figures["ms"] = max(figures[f"{name}_median_ms"] for name in addresses)
    figures["most_statements"] = max(max(counts[warm_up:]) for counts in statements.values())
    for name, statement in BASELINE.items():
        figures[f"baseline_{name}_ms"] = round(
            statistics.median(milliseconds(partial(run, statement)) for _ in "123"), 1
        )
    return figures


class Counted:
    """How many statements went to the database while it was asked through."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        return execute(sql, params, many, context)


def open_page(client: Any, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}")
    if answer.streaming:
        answer.getvalue()


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


if __name__ == "__main__":
    main()
