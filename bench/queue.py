"""Submit a verdict and get the next item: Argus with everything on, beside the barest Django view that does the same.

    python -m bench.queue --json [--items 100000] [--regions 100000] [--people 1 4 16 64] [--runs 5] [--seconds 4]

Starts its own PostgreSQL and Redis in a temporary folder, and two gunicorns (2 workers of 4 threads): Argus, and the
bare project of bench/bare_django. Then the same annotators (a process of their own) work on each in turn, and the
medians over the runs are compared. A pair is one verdict recorded and one new item received: Argus does both in one
request, the bare view in two requests (`ratio_to_bare_django`) or in one (the floor); `raw` are the statements of the
bare view alone, by psycopg, without any web server (the ceiling).

Then, 16 at a time and in turn again: the same project as before (`usual`), one whose items go to two people each
(`overlap_2`), one that asks the QA check (`qa`), and the first one while a snapshot, as an export holds it, stays open
for the whole of the run (`during_export`). `--plain` leaves these out.
Stated scale: --items 1000000 --regions 10000000, some 6 GB of disk.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import psycopg

from bench.queue_servers import ROOT, bare_address, cpu_seconds, database_servers, web_servers
from bench.reporting import AT_LEAST, AT_MOST, parser, report

CROWD = 16
PEOPLE = (1, 4, CROWD, 64)
SYSTEMS = ("argus", "two", "one", "raw")
VARIANTS = ("usual", "overlap_2", "qa", "during_export")
GOALS = {
    "ratio_to_bare_django": (AT_LEAST, 0.65),
    "ratio_to_bare_django_at_1": (AT_LEAST, 0.5),
    "p95_ms": (AT_MOST, 100.0),
    "duplicates": (AT_MOST, 0.0),
    "items": (AT_LEAST, 1_000_000.0),
    "regions": (AT_LEAST, 10_000_000.0),
}

Key = tuple[str, int]
"""(one of SYSTEMS or VARIANTS, how many people)."""


def main() -> None:
    options = parser("queue", __doc__)
    options.add_argument("--items", type=int, default=100_000, help="open items (stated scale: 1,000,000)")
    options.add_argument("--regions", type=int, default=0, help="regions (stated scale: 10,000,000; default: items)")
    options.add_argument("--people", type=int, nargs="+", default=list(PEOPLE), help="how many annotators at a time")
    options.add_argument("--runs", type=int, default=5, help="alternating runs, of which the median counts")
    options.add_argument("--seconds", type=float, default=4.0, help="length of each run")
    options.add_argument("--plain", action="store_true", help="without overlap, QA check and open snapshot")
    chosen = options.parse_args()
    chosen.regions = max(chosen.regions, chosen.items)
    say = (lambda *_words: None) if chosen.json else print
    with database_servers() as var_dir:
        say("filling the database …")
        started = time.perf_counter()
        people = _prepare(chosen.items, chosen.regions, max(*chosen.people, CROWD))
        fill_s = round(time.perf_counter() - started)
        say(f"filled in {fill_s} s")
        with web_servers(var_dir) as ports:
            plans = _plans(people, ports, chosen.people, chosen.seconds)
            results = _alternate(plans, chosen.runs, say)
            if not chosen.plain:
                results |= _alternate(_variants(people, ports, chosen.seconds), chosen.runs, say)
        duplicates = _duplicates_in_database()
    figures = _figures(results, duplicates)
    sizes = {name: getattr(chosen, name) for name in ("items", "regions", "people", "runs", "seconds")}
    report("queue", {**figures, **sizes, "annotators": CROWD, "fill_s": fill_s}, GOALS)


def _prepare(items: int, regions: int, people: int) -> list[Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from bench.bare_django import tables
    from bench.queue_data import Crowded, fill_projects

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    aside = max(items // 10, 1000)
    projects = [Crowded("usual", items), Crowded("overlap-2", aside, overlap=2), Crowded("qa", aside, kind="qa")]
    users = fill_projects(projects, regions=regions, people=people)
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bare")
    with psycopg.connect(**bare_address(), autocommit=True) as bare:
        bare.execute(tables.CREATE)
        bare.execute(tables.FILL, [items])
        bare.execute(tables.INDEX)
        bare.execute("VACUUM (ANALYZE) item")
    return users


def _plans(people: list[Any], ports: dict[str, int], counts: list[int], seconds: float) -> dict[Key, dict[str, Any]]:
    """What is measured beside each other: every system with every number of people."""
    signed_in = _signed_in(people)
    plans: dict[Key, dict[str, Any]] = {}
    for count in counts:
        plans["argus", count] = _argus_plan(ports, signed_in[:count], seconds)
        numbered = [{"number": number} for number in range(count)]
        for kind in ("two", "one"):
            plans[kind, count] = {"seconds": seconds, "kind": kind, "port": ports["bare"], "people": numbered}
        plans["raw", count] = {"seconds": seconds, "kind": "raw", "database": bare_address(), "people": numbered}
    return plans


def _variants(people: list[Any], ports: dict[str, int], seconds: float) -> dict[Key, dict[str, Any]]:
    crowd = _signed_in(people)[:CROWD]
    return {
        ("usual", CROWD): _argus_plan(ports, crowd, seconds),
        ("overlap_2", CROWD): _argus_plan(ports, crowd, seconds, slug="overlap-2"),
        ("qa", CROWD): _argus_plan(ports, crowd, seconds, slug="qa", folder="questions"),
        ("during_export", CROWD): _argus_plan(ports, crowd, seconds),
    }


def _signed_in(people: list[Any]) -> list[dict[str, Any]]:
    from bench.queue_data import session_headers

    return [{"headers": session_headers(user)} for user in people]


def _argus_plan(
    ports: dict[str, int], people: list[dict[str, Any]], seconds: float, *, slug: str = "usual", folder: str = "tags"
) -> dict[str, Any]:
    work = f"/p/{slug}/work/{folder}"
    addresses = {"lease": f"{work}/lease", "submit": f"{work}/submit"}
    return {"seconds": seconds, "kind": "argus", "port": ports["argus"], "people": people, **addresses}


def _alternate(plans: dict[Key, dict[str, Any]], runs: int, say: Any) -> dict[Key, list[Any]]:
    results: dict[Key, list[Any]] = defaultdict(list)
    for plan in plans.values():
        _run({**plan, "seconds": min(1.0, plan["seconds"])})  # connections, prepared statements, caches
    for number in range(runs):
        for key, plan in plans.items():
            before = cpu_seconds()
            with _open_snapshot() if key[0] == "during_export" else contextlib.nullcontext():
                result = _run(plan)
            pairs = len(result["latencies"])
            result["cpu_ms"] = {
                part: (spent - before.get(part, 0.0)) * 1000 / pairs for part, spent in cpu_seconds().items()
            }
            results[key].append(result)
            say(
                f"run {number + 1}: {key[0]:>13} with {key[1]:>2}: {pairs / result['seconds']:7.1f}/s, CPU "
                + ", ".join(f"{part} {spent:.2f} ms" for part, spent in result["cpu_ms"].items() if spent > 0.01)
            )
    return results


@contextlib.contextmanager
def _open_snapshot() -> Iterator[None]:
    """As an export has it: what is updated meanwhile leaves versions behind that nothing may remove."""
    from verification.selectors.snapshots import open_snapshot

    with open_snapshot() as snapshot:
        snapshot.cursor.execute("SELECT count(*) FROM projects_project")
        yield


def _run(plan: dict[str, Any]) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-m", "bench.annotators", file.name], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise SystemExit(f"the annotators failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _duplicates_in_database() -> int:
    """Items with more verdicts than they should have, and people who judged an item twice."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM (
                   SELECT verdict.item_id FROM verification_verdict verdict
                   JOIN verification_sampleitem item ON item.id = verdict.item_id
                   JOIN verification_sample sample ON sample.id = item.sample_id
                   GROUP BY verdict.item_id, sample.overlap
                   HAVING count(*) > sample.overlap OR count(*) > count(DISTINCT verdict.annotator_id)) twice"""
        )
        row = cursor.fetchone()
    return int(row[0])


def _given_twice(runs: list[Any]) -> int:
    """Items that two people of one run were given (overlap is 1)."""
    return sum(
        count - 1 for run in runs for count in Counter(item for given in run["given"] for item in set(given)).values()
    )


def _figures(results: dict[Key, list[Any]], duplicates: int) -> dict[str, Any]:
    """Those of CROWD people have plain names, those of n others end in `_at_n`."""
    rates = {
        key: statistics.median(len(run["latencies"]) / run["seconds"] for run in runs) for key, runs in results.items()
    }
    cpu = {key: statistics.median(sum(run["cpu_ms"].values()) for run in runs) for key, runs in results.items()}
    figures: dict[str, float] = {}
    for count in sorted({count for system, count in results if system == "argus"}, key=lambda count: count != CROWD):
        at = "" if count == CROWD else f"_at_{count}"
        latencies = sorted(value for run in results["argus", count] for value in run["latencies"])
        figures |= {
            f"ratio_to_bare_django{at}": rates["argus", count] / rates["two", count],
            f"ratio_to_one_request_floor{at}": rates["argus", count] / rates["one", count],
            f"ratio_to_raw_skip_locked{at}": rates["argus", count] / rates["raw", count],
            f"pairs_per_s{at}": rates["argus", count],
            f"bare_two_requests_per_s{at}": rates["two", count],
            f"bare_one_request_per_s{at}": rates["one", count],
            f"raw_skip_locked_per_s{at}": rates["raw", count],
            f"cpu_ms_per_pair{at}": cpu["argus", count],
            f"bare_two_requests_cpu_ms_per_pair{at}": cpu["two", count],
            f"bare_one_request_cpu_ms_per_pair{at}": cpu["one", count],
            f"p50_ms{at}": statistics.median(latencies),
            f"p95_ms{at}": latencies[int(len(latencies) * 0.95)],
        }
    for name in VARIANTS:
        if (name, CROWD) in results:
            latencies = sorted(value for run in results[name, CROWD] for value in run["latencies"])
            figures |= {
                f"{name}_pairs_per_s": rates[name, CROWD],
                f"{name}_share_of_usual": rates[name, CROWD] / rates["usual", CROWD],
                f"{name}_cpu_ms_per_pair": cpu[name, CROWD],
                f"{name}_p95_ms": latencies[int(len(latencies) * 0.95)],
            }
    figures.pop("usual_share_of_usual", None)
    twice = sum(_given_twice(runs) for key, runs in results.items() if key[0] in ("argus", "usual", "during_export"))
    return {name: round(value, 3) for name, value in figures.items()} | {"duplicates": duplicates + twice}


if __name__ == "__main__":
    main()
