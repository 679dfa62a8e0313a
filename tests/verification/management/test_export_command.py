"""`manage.py export`: the same lines in the foreground, and errors that say what to do."""

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_sample
from tests.verification.judgements import judge_all
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db(transaction=True)


def _export(*arguments: str) -> str:
    """What it said on the standard error."""
    said = io.StringIO()
    call_command("export", *arguments, stderr=said, no_color=True)
    return said.getvalue()


@pytest.fixture
def judged(project: Any, ana: Any) -> None:
    judge_all(make_sample(project, items=6), [ana])


@pytest.mark.usefixtures("judged")
def test_it_writes_the_lines_and_their_facts(tmp_path: Path) -> None:
    out = tmp_path / "verified.jsonl"
    assert "6 records." in _export("--project", "street", "--kind", "tags", "--out", str(out))
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(records) == 6
    meta = json.loads((tmp_path / "verified.jsonl.meta.json").read_text())
    assert meta["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (meta["schema"], meta["records"], meta["filters"]) == ("tags-1", 6, {})
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [out.name, f"{out.name}.meta.json"]


@pytest.mark.usefixtures("judged")
def test_a_second_run_writes_the_same(tmp_path: Path) -> None:
    out = tmp_path / "verified.jsonl"
    _export("--project", "street", "--out", str(out))
    first = out.read_bytes()
    _export("--project", "street", "--out", str(out))
    assert out.read_bytes() == first


@pytest.mark.usefixtures("judged")
def test_a_dash_is_the_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", piped)
    assert "6 records" in _export("--project", "street", "--kind", "regions", "--out", "-")
    lines = piped.buffer.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line)["schema"] for line in lines] == ["regions-1"] * 6


@pytest.mark.usefixtures("judged")
def test_only_one_loop_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "loop.jsonl"
    _export("--project", "street", "--loop", "0", "--out", str(out))
    assert out.read_bytes() == b""
    assert json.loads((tmp_path / "loop.jsonl.meta.json").read_text())["filters"] == {"loop": 0}


def test_nothing_verified_gives_an_empty_file_and_says_what_to_do(project: Any, tmp_path: Path) -> None:
    out = tmp_path / "empty.jsonl"
    assert "Nothing is verified yet" in _export("--project", "street", "--out", str(out))
    assert out.read_bytes() == b""
    Project.objects.update(review_required=True)
    assert "experts have reviewed" in _export("--project", "street", "--out", str(out))


def test_an_unknown_project_lists_those_there_are(project: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no project nowhere. Projects: street\."):
        _export("--project", "nowhere", "--out", str(tmp_path / "x"))


def test_an_unknown_loop_lists_those_there_are(judged: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no loop 9. Its loops: 0, 1\."):
        _export("--project", "street", "--loop", "9", "--out", str(tmp_path / "x"))


def test_a_place_that_cannot_be_written_is_named(project: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is a folder"):
        _export("--project", "street", "--out", str(tmp_path))
    with pytest.raises(CommandError, match="no folder"):
        _export("--project", "street", "--out", str(tmp_path / "missing" / "x.jsonl"))
    with pytest.raises(CommandError, match="cannot be written"):
        _export("--project", "street", "--out", str(tmp_path / ("x" * 300)))
