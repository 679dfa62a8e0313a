"""The secret key of an embedded installation."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webapp.embedded.secrets import KEY_BYTES, SecretKeyError, embedded_secret_key


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = embedded_secret_key(tmp_path / "var")
    assert len(first) >= KEY_BYTES
    assert embedded_secret_key(tmp_path / "var") == first


def test_two_folders_have_different_keys(tmp_path: Path) -> None:
    assert embedded_secret_key(tmp_path / "one") != embedded_secret_key(tmp_path / "two")


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    embedded_secret_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_processes_that_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(embedded_secret_key, [tmp_path] * 32))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_key_that_others_may_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    embedded_secret_key(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    with pytest.raises(SecretKeyError, match="chmod 600"):
        embedded_secret_key(tmp_path)


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text("short")
    path.chmod(0o600)
    with pytest.raises(SecretKeyError, match="Delete it"):
        embedded_secret_key(tmp_path)
