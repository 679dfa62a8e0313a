"""The files that start Argus elsewhere name only what exists. No Docker engine is needed to see that."""

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker-cpu", "worker-gpu", "timer")
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
MAKEFILE = (ROOT / "Makefile").read_text()
NEEDED = {"SECRET_KEY": "k" * 48, "POSTGRES_PASSWORD": "secret", "ALLOWED_HOSTS": "argus.example.org"}


def _stages() -> dict[str, list[str]]:
    """Dockerfile instructions of each stage."""
    stages: dict[str, list[str]] = {}
    for line in DOCKERFILE.splitlines():
        if match := re.match(r"FROM (\S+) AS (\S+)", line):
            stages[match[2]] = [line, *stages.get(match[1], [])]
        elif stages and line.strip() and not line.startswith("#"):
            stages[list(stages)[-1]].append(line.strip())
    return stages


def _read_variables() -> set[str]:
    """Names of the environment variables that the product reads through its typed readers."""
    names: set[str] = set()
    for folder in ("webapp", "annotation", "verification", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            for node in ast.walk(ast.parse(text)) if "settings import env" in text else ():
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "env"
                    and isinstance(node.args[0], ast.Constant)
                ):
                    names.add(str(node.args[0].value))
    return names


def _filled(text: str, given: dict[str, str]) -> str:
    """Compose's substitution of `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if given.get(name):
            return given[name]
        if kind == ":?":
            raise KeyError(name)
        return rest or ""

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


def _environment_of(service: str, given: dict[str, str]) -> dict[str, str]:
    return {name: _filled(str(text), given) for name, text in SERVICES[service]["environment"].items()}


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", *OURS}
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["redis"]["image"].startswith("redis:")


@pytest.mark.parametrize("service", OURS)
def test_services_are_built_from_stages_that_exist(service: str) -> None:
    build = SERVICES[service]["build"]
    assert build["target"] in _stages()
    assert SERVICES[service]["image"] == f"argus-{build['target']}"


@pytest.mark.parametrize("service", OURS)
def test_commands_start_programs_and_modules_that_exist(service: str) -> None:
    command = SERVICES[service].get("command") or _command(_stages()[SERVICES[service]["build"]["target"]])
    if command[0] == "python":
        assert command[1] == "manage.py"
        assert command[2] in get_commands()
    elif command[0] == "celery":
        assert command[command.index("-A") + 1] == "webapp.celery"
        assert ("worker" in command) != ("beat" in command)
    else:
        assert command == ["gunicorn", "-c", "python:webapp.gunicorn", "webapp.wsgi:application"]


def _command(stage: list[str]) -> list[str]:
    line = next(line for line in reversed(stage) if line.startswith("CMD "))
    return list(ast.literal_eval(line.removeprefix("CMD ")))


def test_workers_serve_the_queues_that_exist() -> None:
    from webapp.celery import app

    served = {
        command[command.index("-Q") + 1]
        for service in OURS
        if "-Q" in (command := SERVICES[service].get("command") or [])
    }
    assert served == set(app.amqp.queues)


def test_the_gpu_worker_does_one_task_at_a_time_on_an_nvidia_device() -> None:
    worker = SERVICES["worker-gpu"]
    assert worker["command"][-2:] == ["-c", "1"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_there_is_one_timer() -> None:
    assert [name for name in OURS if "beat" in SERVICES[name].get("command", [])] == ["timer"]


@pytest.mark.parametrize("service", OURS)
def test_variables_are_ones_that_argus_reads(service: str) -> None:
    assert set(SERVICES[service]["environment"]) <= _read_variables()


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_nothing_starts_without_its_secrets(missing: str) -> None:
    given = {name: value for name, value in NEEDED.items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        _environment_of("web", given)


def test_settings_accept_what_compose_gives_them() -> None:
    shown = _settings(_environment_of("web", NEEDED))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == ["postgres", "5432", "argus", "secret", "False", "True", "redis://redis:6379/0"]


def test_settings_refuse_to_run_on_named_servers_without_a_secret_key() -> None:
    environment = _environment_of("web", NEEDED)
    for bad in ("", "short", "change-me-" + "x" * 40):
        refused = _settings({**environment, "SECRET_KEY": bad})
        assert refused.returncode != 0
        assert "SECRET_KEY" in refused.stderr


def _settings(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    code = """
import django; django.setup()
from django.conf import settings as s
d = s.DATABASES["default"]
print(d["HOST"], d["PORT"], d["NAME"], d["PASSWORD"], s.DEBUG, s.SESSION_COOKIE_SECURE, s.REDIS_URL)
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "webapp.settings.base", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_web_port_is_open_to_this_machine_only_unless_told_otherwise() -> None:
    (port,) = SERVICES["web"]["ports"]
    assert _filled(port, {}) == "127.0.0.1:8000:8000"
    assert all("ports" not in SERVICES[name] for name in SERVICES if name != "web")


def test_everything_waits_for_the_migrations_and_has_a_health_check() -> None:
    for name in ("web", "worker-cpu", "worker-gpu", "timer"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES["migrate"]["restart"] == "no"


def test_data_outlive_the_containers() -> None:
    for name in OURS[1:]:
        assert SERVICES[name]["volumes"] == ["data:/data"]
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]  # where version 18 keeps its data
    assert set(COMPOSE["volumes"]) == {"postgres", "data"}
    assert re.search(r"ENV .*ARGUS_DATA_DIR=/data", DOCKERFILE, re.DOTALL)
    assert re.search(r"ENV .*ARGUS_MODELS_DIR=/data/models", DOCKERFILE, re.DOTALL), "checkpoints outlive the container"


def test_only_the_worker_image_holds_torch() -> None:
    stages = _stages()
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    asked = {
        name: {word for line in stages[name] for word in re.findall(r"requirements\.py([\w ]*) >", line)}
        for name in ("web", "worker")
    }
    assert {word for words in asked["web"] for word in words.split()} == set()
    wanted = {word for words in asked["worker"] for word in words.split()}
    assert wanted == {"worker", "models"}
    assert wanted <= extras


@pytest.mark.parametrize("target", ["web", "worker"])
def test_images_run_without_root(target: str) -> None:
    users = [line.split()[1] for line in _stages()[target] if line.startswith("USER ")]
    assert users == ["argus"]


def test_files_copied_into_images_exist() -> None:
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        *sources, _target = shlex.split(line)
        assert all((ROOT / source).exists() for source in sources), line


def test_images_hold_neither_secrets_nor_data() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".env.*", "var", ".venv", ".git"} <= set(ignored)


def test_requirements_are_those_of_pyproject() -> None:
    printed = subprocess.run(
        [sys.executable, "scripts/requirements.py", "worker"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert printed == [*project["dependencies"], *project["optional-dependencies"]["worker"]]


@pytest.mark.parametrize("target", ["run", "test", "soak", "lint", "format", "screenshots", "help"])
def test_make_knows_its_targets(target: str) -> None:
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)
    listed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert f"make {target} " in listed


def test_make_test_runs_every_check() -> None:
    steps = subprocess.run(["make", "-n", "test"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    wanted = ["ruff check", "ruff format --check", "mypy", "lint-imports", "djlint", "pytest"]
    places = [steps.index(step) for step in wanted]
    assert places == sorted(places)


def test_continuous_integration_runs_the_same() -> None:
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("script", [".ci/run", "scripts/environment", "scripts/system-packages"])
def test_scripts_are_executable_and_well_formed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["sh", "-n", script], cwd=ROOT, check=True)


def test_system_packages_of_the_tests_are_named() -> None:
    text = (ROOT / "scripts" / "system-packages").read_text()
    for package in ("chromium", "fonts-noto-color-emoji", "wordnet-base", "default-jre-headless", "tesseract-ocr"):
        assert package in text


def test_every_variable_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert [name for name in sorted(_read_variables()) if f"`{name}`" not in text] == []
