"""The bench of list pages opens every page it names, and prints its figures."""

import json
import subprocess
import sys

from django.urls import resolve

from bench.lists_pages import ADMINISTERED, NO_LISTS, pages
from tests.embedded.runs import ROOT
from tests.webapp.access_rows import ADMIN_MODELS, ROWS


def test_the_command_prints_json_last() -> None:
    command = [sys.executable, "-m", "bench.lists", "--json", "--regions", "4000", "--rounds", "1", "--warm-up", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "lists"
    assert set(result["goals"]) == {"ms", "most_statements"}
    assert {f"{name}_median_ms" for name in pages(4000)} <= set(result["figures"])
    assert result["figures"]["ms"] > 0
    assert result["figures"]["items_first_statements"] > 0


def test_no_two_rounds_read_the_same_rows() -> None:
    for name in ("explore_deep", "explore_photo", "photos_deep"):
        address = pages(1_000_000)[name]
        assert len({address(place) for place in range(20)}) == 20


def test_every_address_is_opened_or_named_as_no_list() -> None:
    opened = {resolve(address(1).partition("?")[0]).view_name for address in pages(1_000_000).values()}
    shown = {name.partition(" ")[0] for name, row in ROWS.items() if not row.changes}
    missing = sorted(shown - opened - NO_LISTS)
    assert not missing, (
        f"In bench/lists_pages.py put into a list of addresses, or among NO_LISTS if it shows none: {', '.join(missing)}"
    )
    assert not NO_LISTS & opened
    assert shown >= NO_LISTS
    assert {model.replace("/", "_") for model in ADMINISTERED} == ADMIN_MODELS
