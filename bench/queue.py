"""Submit a verdict and get the next item: Argus with everything on, beside the barest Django view that does the same.

    python -m bench.queue --json [--items 100000] [--regions 100000] [--runs 5] [--seconds 4]

Starts its own PostgreSQL and Redis in a temporary folder, and two gunicorns (2 workers of 4 threads): Argus, and the
bare project of bench/bare_django. Then the same annotators (a process of their own) work on each in turn, 1 and 16 at
a time, and the medians over the runs are compared. A pair is one verdict recorded and one new item received: Argus
does both in one request, the bare view in two requests (`ratio_to_bare_django`) or in one (the floor).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.reporting import AT_LEAST, AT_MOST, parser, report

ROOT = Path(__file__).resolve().parent.parent
CROWD = 16
GOALS = {
    "ratio_to_bare_django": (AT_LEAST, 0.65),
    "ratio_to_bare_django_at_1": (AT_LEAST, 0.5),
    "p95_ms": (AT_MOST, 100.0),
    "duplicates": (AT_MOST, 0.0),
    "items": (AT_LEAST, 1_000_000.0),
    "regions": (AT_LEAST, 10_000_000.0),
}


def main() -> None:
    options = parser("queue", __doc__)
    options.add_argument("--items", type=int, default=100_000, help="open items (stated scale: 1,000,000)")
    options.add_argument("--regions", type=int, default=0, help="regions (stated scale: 10,000,000; default: items)")
    options.add_argument("--runs", type=int, default=5, help="alternating runs, of which the median counts")
    options.add_argument("--seconds", type=float, default=4.0, help="length of each run")
    chosen = options.parse_args()
    chosen.regions = max(chosen.regions, chosen.items)
    say = (lambda *_words: None) if chosen.json else print
    with _servers() as var_dir:
        say("filling the database …")
        started = time.perf_counter()
        project, people = _prepare(chosen.items, chosen.regions)
        say(f"filled in {time.perf_counter() - started:.0f} s")
        with _web_servers(var_dir) as ports:
            plans = _plans(project.slug, people, ports, chosen.seconds)
            results = _alternate(plans, chosen.runs, say)
        duplicates = _duplicates_in_database()
    figures = _figures(results, duplicates, chosen)
    report("queue", figures, GOALS)


@contextlib.contextmanager
def _servers() -> Iterator[Path]:
    """Embedded PostgreSQL (durable, as in production) and Redis in a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="argus-bench-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        os.environ.pop(name, None)
    os.environ.update(ARGUS_VAR=str(folder / "var"), DJANGO_SETTINGS_MODULE="webapp.settings.base", LOG_LEVEL="WARNING")
    from webapp.embedded.servers import EmbeddedServers

    try:
        with EmbeddedServers(folder / "var"):
            yield folder / "var"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(items: int, regions: int) -> tuple[Any, list[Any]]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from bench.bare_django import tables
    from bench.queue_data import fill_project

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    filled = fill_project(items=items, regions=regions, people=CROWD)
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bare")
    with psycopg.connect(**_bare_address(), autocommit=True) as bare:
        bare.execute(tables.CREATE)
        bare.execute(tables.FILL, [items])
        bare.execute(tables.INDEX)
        bare.execute("VACUUM (ANALYZE) item")
    return filled


def _bare_address() -> dict[str, Any]:
    from django.db import connection

    settings = connection.settings_dict
    return {"host": settings["HOST"], "port": settings["PORT"] or None, "user": settings["USER"], "dbname": "bare"}


@contextlib.contextmanager
def _web_servers(var_dir: Path) -> Iterator[dict[str, int]]:
    from django.db import connection

    settings = connection.settings_dict
    common = {**os.environ, "WEB_WORKERS": "2", "WEB_THREADS": "4"}
    bare = {
        "BARE_DATABASE_HOST": str(settings["HOST"]),
        "BARE_DATABASE_PORT": str(settings["PORT"]),
        "BARE_DATABASE_USER": str(settings["USER"]),
        "DJANGO_SETTINGS_MODULE": "bench.bare_django.settings",
    }
    ports = {"argus": _free_port(), "bare": _free_port()}
    with contextlib.ExitStack() as running:
        for name, application, extra in (
            ("argus", "webapp.wsgi:application", {}),
            ("bare", "bench.bare_django.wsgi:application", bare),
        ):
            log = running.enter_context((var_dir / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:webapp.gunicorn", application],
                env={**common, **extra, "PORT": str(ports[name])},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            running.callback(_stop, process)
        for port in ports.values():
            _wait_for(port)
        yield ports


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _attempt in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return  # the bare project has no such page, but it answers
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"no web server on port {port}")


def _plans(
    slug: str, people: list[Any], ports: dict[str, int], seconds: float
) -> dict[tuple[str, int], dict[str, Any]]:
    from bench.queue_data import session_headers

    signed_in = [{"headers": session_headers(user)} for user in people]
    numbered = [{"number": number} for number in range(CROWD)]
    work = f"/p/{slug}/work/tags"
    plans: dict[tuple[str, int], dict[str, Any]] = {}
    for count in (1, CROWD):
        shared = {"seconds": seconds}
        plans["argus", count] = {
            **shared,
            "kind": "argus",
            "port": ports["argus"],
            "people": signed_in[:count],
            "lease": f"{work}/lease",
            "submit": f"{work}/submit",
        }
        for kind in ("two", "one"):
            plans[kind, count] = {**shared, "kind": kind, "port": ports["bare"], "people": numbered[:count]}
    return plans


def _alternate(plans: dict[tuple[str, int], dict[str, Any]], runs: int, say: Any) -> dict[tuple[str, int], list[Any]]:
    results: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for plan in plans.values():
        _run({**plan, "seconds": 1.0})  # connections, prepared statements, caches
    for number in range(runs):
        for key, plan in plans.items():
            before = _cpu_seconds()
            result = _run(plan)
            pairs = len(result["latencies"])
            result["cpu_ms"] = {
                part: (spent - before.get(part, 0.0)) * 1000 / pairs for part, spent in _cpu_seconds().items()
            }
            results[key].append(result)
            say(
                f"run {number + 1}: {key[0]:>5} with {key[1]:>2}: {pairs / result['seconds']:7.1f}/s, CPU "
                + ", ".join(f"{part} {spent:.2f} ms" for part, spent in result["cpu_ms"].items() if spent > 0.01)
            )
    return results


def _cpu_seconds() -> dict[str, float]:
    """What each kind of server has spent so far: a measure that a busy machine distorts less than the clock does."""
    spent: dict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            command = " ".join(process.cmdline())
            part = next((name for name in ("postgres", "redis", "bare_django", "webapp.wsgi") if name in command), "")
            times = process.cpu_times()
            spent[part] += times.user + times.system
    return spent


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
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT item_id FROM verification_verdict GROUP BY item_id HAVING count(*) > 1) twice"
        )
        row = cursor.fetchone()
    return int(row[0])


def _given_twice(runs: list[Any]) -> int:
    """Items that two people of one run were given (overlap is 1)."""
    return sum(
        count - 1 for run in runs for count in Counter(item for given in run["given"] for item in set(given)).values()
    )


def _figures(results: dict[tuple[str, int], list[Any]], duplicates: int, chosen: Any) -> dict[str, Any]:
    rates = {
        key: statistics.median(len(run["latencies"]) / run["seconds"] for run in runs) for key, runs in results.items()
    }
    crowd = sorted(value for run in results["argus", CROWD] for value in run["latencies"])
    alone = sorted(value for run in results["argus", 1] for value in run["latencies"])
    cpu = {key: statistics.median(sum(run["cpu_ms"].values()) for run in runs) for key, runs in results.items()}
    figures: dict[str, Any] = {
        "ratio_to_bare_django": rates["argus", CROWD] / rates["two", CROWD],
        "ratio_to_bare_django_at_1": rates["argus", 1] / rates["two", 1],
        "ratio_to_one_request_floor": rates["argus", CROWD] / rates["one", CROWD],
        "ratio_to_one_request_floor_at_1": rates["argus", 1] / rates["one", 1],
        "duplicates": duplicates + _given_twice(results["argus", CROWD]),
        "pairs_per_s": rates["argus", CROWD],
        "pairs_per_s_at_1": rates["argus", 1],
        "bare_two_requests_per_s": rates["two", CROWD],
        "bare_two_requests_per_s_at_1": rates["two", 1],
        "bare_one_request_per_s": rates["one", CROWD],
        "bare_one_request_per_s_at_1": rates["one", 1],
        "cpu_ms_per_pair": cpu["argus", CROWD],
        "bare_two_requests_cpu_ms_per_pair": cpu["two", CROWD],
        "bare_one_request_cpu_ms_per_pair": cpu["one", CROWD],
        "p50_ms": statistics.median(crowd),
        "p95_ms": crowd[int(len(crowd) * 0.95)],
        "p50_ms_at_1": statistics.median(alone),
        "p95_ms_at_1": alone[int(len(alone) * 0.95)],
    }
    rounded = {name: round(value, 3) for name, value in figures.items()}
    return {
        **rounded,
        "annotators": CROWD,
        "items": chosen.items,
        "regions": chosen.regions,
        "runs": chosen.runs,
        "seconds": chosen.seconds,
    }


if __name__ == "__main__":
    main()
