"""What holds for the repository as a whole."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_compiles_and_has_nothing_the_policy_forbids(path: Path) -> None:
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.DOTALL)
    get_template(str(path.relative_to(ROOT / "templates")))
    assert not re.search(r"<style\b", text), "styles belong into static/css"
    assert not re.search(r"\sstyle\s*=", text), "styles belong into static/css"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "handlers belong into static/js"
    assert not re.search(r"\bhx-on\b|\bhx-vals\s*=\s*[\"']js:|\bhx-headers\s*=\s*[\"']js:", text), "htmx must not eval"
    assert "javascript:" not in text
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, f"{script} belongs into static/js"
    assert not re.search(r"{{[^}]*\|\s*safe", text), "mark markup as safe in Python, where it is made"


@pytest.mark.parametrize("path", sorted((ROOT / "static/js").rglob("*.js")), ids=lambda path: path.name)
def test_a_script_does_nothing_the_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\beval\(|new Function\(|\.innerHTML\s*=|insertAdjacentHTML|document\.write", text)
    assert not re.search(r"setAttribute\(\s*[\"']style", text)


def test_third_party_files_stand_beside_their_licence() -> None:
    """htmx is served from the package django-htmx; whatever is copied into static/vendor needs its licence there."""
    vendor = ROOT / "static/vendor"
    for folder in vendor.iterdir() if vendor.is_dir() else []:
        assert list(folder.glob("LICENSE*")), folder
    lists = [*(ROOT / "annotation").rglob("data/*"), *(ROOT / "ml").rglob("data/*")]
    for folder in {path.parent for path in lists if path.suffix in {".txt", ".gz", ".json"}}:
        assert list(folder.glob("LICENSE*")), f"{folder} has data without a licence"


def test_the_licence_is_apache_2() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()


def test_nothing_opens_pickles_or_runs_code_from_model_files() -> None:
    forbidden = re.compile(
        r"torch\.load\(|pickle\.loads?\(|trust_remote_code\s*=\s*True|allow_pickle\s*=\s*True|yaml\.(unsafe|full)_load"
    )
    for part in ("webapp", "annotation", "verification", "workers", "ml"):
        for path in (ROOT / part).rglob("*.py"):
            assert not forbidden.search(path.read_text()), path


def test_modules_are_named_for_what_they_hold() -> None:
    vague = {"utils", "helpers", "common", "misc", "util", "helper"}
    for part in ("webapp", "annotation", "verification", "workers", "ml", "bench"):
        found = [path for path in (ROOT / part).rglob("*.py") if {path.stem, path.parent.name} & vague]
        assert not found


NAMED_FILE = re.compile(
    r"\b((?:webapp|annotation|verification|workers|ml|static|templates|tests|bench|docs)/[\w./-]*\w/?)"
)


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_the_files_that_documents_name_exist(document: str) -> None:
    named = {name.rstrip("/") for name in NAMED_FILE.findall((ROOT / document).read_text())}
    assert {name for name in named if "NAME" not in name and not (ROOT / name).exists()} == set()
