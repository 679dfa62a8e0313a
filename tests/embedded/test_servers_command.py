"""`manage.py servers`: the two servers without the rest."""

import subprocess
import sys
from pathlib import Path

from tests.embedded.runs import ROOT, environment, processes_of


def _servers(var_dir: Path, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "servers", *words],
        cwd=ROOT,
        env=environment(var_dir, **extra),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_command_runs_while_they_are_up_and_its_status_is_passed_on(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    migrated = _servers(var_dir, "--", "migrate", "contenttypes", "--verbosity=0")
    assert migrated.returncode == 0, migrated.stderr
    assert _servers(var_dir, "--", "migrate", "--check", "contenttypes").returncode == 0
    assert _servers(var_dir, "--", "migrate", "no-such-app").returncode != 0
    assert processes_of(var_dir) == []


def test_there_is_nothing_to_run_beside_named_servers(tmp_path: Path) -> None:
    refused = _servers(
        tmp_path / "var", DATABASE_URL="postgresql://db/argus", SECRET_KEY="k" * 48, REDIS_URL="redis://r"
    )
    assert refused.returncode == 1
    assert "there is nothing to run" in refused.stderr
