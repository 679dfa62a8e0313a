"""Settings come from the environment, and say so when they cannot be used."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp.settings import env

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DATABASE_URL": "postgresql://argus:secret@db.example:6543/argus?sslmode=require",
    "REDIS_URL": "redis://cache.example:6379/0",
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "argus.example",
}


def settings_in(tmp_path: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own and print what `code` says about them (as `s`)."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", f"from webapp.settings import base as s; print({code})"],
        env=kept | {"ARGUS_VAR": str(tmp_path)} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_production_takes_its_addresses_from_the_environment(tmp_path: Path) -> None:
    code = "s.EMBEDDED_MODE, s.DATABASES['default']['HOST'], s.DATABASES['default']['OPTIONS']['sslmode'], s.HTTPS_ONLY"
    found = settings_in(tmp_path, code, **PRODUCTION)
    assert found.stdout.strip() == "False db.example require True", found.stderr


@pytest.mark.parametrize(
    "key",
    ["", "short", "insecure-" + "x" * 50, "please-change-me-" + "x" * 40],
    ids=["none", "short", "known", "placeholder"],
)
def test_production_refuses_to_start_without_a_good_secret(tmp_path: Path, key: str) -> None:
    refused = settings_in(tmp_path, "s.SECRET_KEY", **PRODUCTION | {"SECRET_KEY": key})
    assert refused.returncode != 0
    assert "SECRET_KEY" in refused.stderr


@pytest.mark.parametrize("alone", ["DATABASE_URL", "REDIS_URL"])
def test_one_address_alone_is_production_too(tmp_path: Path, alone: str) -> None:
    refused = settings_in(tmp_path, "s.SECRET_KEY", **{alone: PRODUCTION[alone]})
    assert "SECRET_KEY" in refused.stderr


def test_there_is_no_other_database_than_postgresql(tmp_path: Path) -> None:
    refused = settings_in(tmp_path, "1", **PRODUCTION | {"DATABASE_URL": "sqlite:///argus.db"})
    assert "PostgreSQL only" in refused.stderr


def test_embedded_mode_keeps_one_secret_of_its_own(tmp_path: Path) -> None:
    first = settings_in(tmp_path, "s.SECRET_KEY, s.EMBEDDED_MODE, s.DEBUG")
    second = settings_in(tmp_path, "s.SECRET_KEY, s.EMBEDDED_MODE, s.DEBUG")
    assert first.stdout == second.stdout
    assert first.stdout.endswith(" True False\n"), first.stderr
    assert len(first.stdout) > 50


def test_single_sign_on_is_set_up_by_the_environment(tmp_path: Path) -> None:
    code = "s.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0]['settings']['server_url']"
    oidc = {"OIDC_SERVER_URL": "https://id.example", "OIDC_CLIENT_ID": "argus", "OIDC_CLIENT_SECRET": "s"}
    assert settings_in(tmp_path, code, **PRODUCTION | oidc).stdout.strip() == "https://id.example"
    code = "s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action']"
    assert settings_in(tmp_path, code, **PRODUCTION | oidc).stdout.strip() == "[\"'self'\", 'https://id.example']"
    half = settings_in(tmp_path, code, **PRODUCTION | oidc | {"OIDC_CLIENT_SECRET": ""})
    assert "OIDC_CLIENT_SECRET" in half.stderr


def test_the_deployment_check_of_django_finds_nothing(tmp_path: Path) -> None:
    """`check --deploy` in production, without the checks that ask the database."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING", "--tag", "security"],
        env=kept | {"ARGUS_VAR": str(tmp_path)} | PRODUCTION | {"SECRET_KEY": secrets.token_urlsafe(50)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("raw", "value"), [("1", True), ("yes", True), ("ON", True), ("0", False), ("off", False), ("", True)]
)
def test_a_switch_is_read(monkeypatch: pytest.MonkeyPatch, raw: str, value: bool) -> None:
    monkeypatch.setenv("SWITCH", raw)
    assert env.flag("SWITCH", True) is value


@pytest.mark.parametrize(("reader", "raw"), [(env.flag, "perhaps"), (env.integer, "1.5"), (env.number, "much")])
def test_a_value_that_cannot_be_read_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, reader: object, raw: str
) -> None:
    monkeypatch.setenv("STRANGE", raw)
    with pytest.raises(ImproperlyConfigured, match="STRANGE"):
        reader("STRANGE", 0)  # type: ignore[operator]


def test_a_list_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIST", " a, b ,,c ")
    assert env.names("LIST") == ["a", "b", "c"]
