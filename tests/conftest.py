"""Real servers for every test, and the people who appear in them.

One embedded PostgreSQL and Redis serve the whole run. They are started by the pytest process itself (the
controller, under xdist) and found by the workers through the environment.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import browser  # noqa: F401  # a fixture
from tests.servers import start_test_servers
from tests.webapp.things import things  # noqa: F401  # a fixture

_running = contextlib.ExitStack()

if "PYTEST_XDIST_WORKER" not in os.environ:
    _running.enter_context(start_test_servers(Path(os.environ["ARGUS_VAR"])))  # the address test settings chose


def pytest_unconfigure() -> None:
    _running.close()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos and annotations (ARGUS_TEST_DATA); tests that need it are skipped without it."""
    folder = Path(os.environ.get("ARGUS_TEST_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real test data here: set ARGUS_TEST_DATA")
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, settings: Any) -> None:
    """Each test has media, exports and uploads of its own."""
    settings.ARGUS_DATA_DIR = tmp_path / "data"
    settings.MEDIA_ROOT = tmp_path / "data" / "media"


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    from django.core.cache import cache

    yield
    cache.clear()


def _user(username: str, **extra: Any) -> Any:
    from webapp.accounts.models import User

    return User.objects.create_user(username, f"{username}@example.org", "correct horse battery", **extra)


@pytest.fixture
def project(db: None) -> Any:
    from webapp.projects.models import Project

    return Project.objects.create(name="Street and home", slug="street")


def _member(project: Any, username: str, *roles: str) -> Any:
    from webapp.projects.models import Membership

    user = _user(username)
    Membership.objects.bulk_create(Membership(project=project, user=user, role=role) for role in roles)
    return user


@pytest.fixture
def ana(project: Any) -> Any:
    """An annotator of `project`."""
    return _member(project, "ana", "annotator")


@pytest.fixture
def edo(project: Any) -> Any:
    """An expert of `project`."""
    return _member(project, "edo", "expert")


@pytest.fixture
def lea(project: Any) -> Any:
    """The lead of `project`."""
    return _member(project, "lea", "lead")


@pytest.fixture
def cleo(project: Any) -> Any:
    """A consumer of `project`."""
    return _member(project, "cleo", "consumer")


@pytest.fixture
def otto(db: None) -> Any:
    """Somebody with an account and no role anywhere."""
    return _user("otto")


@pytest.fixture
def admin(db: None) -> Any:
    """The site admin."""
    return _user("root", is_staff=True, is_superuser=True)
