"""Settings of the test run: embedded servers in a temporary folder, which tests/conftest.py starts.

pytest-django reads the settings before any conftest, so they only say where the servers will be; the folder is
told to xdist's workers through the environment.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("ARGUS_VAR", str(Path(tempfile.gettempdir()) / f"argus-test-servers-{os.getpid()}" / "var"))
os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 40)
for name in ("DATABASE_URL", "REDIS_URL"):  # never the ones a developer works with
    os.environ.pop(name, None)

from webapp.embedded.urls import celery_broker_url, embedded_redis_url  # noqa: E402
from webapp.settings.base import *  # noqa: E402, F403
from webapp.settings.base import ALLOWED_HOSTS, ARGUS_VAR_DIR, CACHES  # noqa: E402

ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]

# Parallel test processes share one Redis; each has a numbered database, so that flushing one disturbs no other.
_number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
REDIS_URL = embedded_redis_url(ARGUS_VAR_DIR, database=_number)
CELERY_BROKER_URL = celery_broker_url(REDIS_URL)
CACHES["default"]["LOCATION"] = REDIS_URL

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
ACCOUNT_RATE_LIMITS = False
