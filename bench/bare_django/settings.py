"""Settings of the bare project. Environment: BARE_DATABASE_HOST (socket folder), BARE_DATABASE_PORT, _NAME, _USER."""

import os

SECRET_KEY = "bare-baseline-of-a-benchmark-never-served-to-anybody"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.bare_django.urls"
WSGI_APPLICATION = "bench.bare_django.wsgi.application"
MIDDLEWARE: list[str] = []
INSTALLED_APPS: list[str] = []
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("BARE_DATABASE_HOST", ""),
        "PORT": os.environ.get("BARE_DATABASE_PORT", ""),
        "NAME": os.environ.get("BARE_DATABASE_NAME", "bare"),
        "USER": os.environ.get("BARE_DATABASE_USER", "argus"),
        "CONN_MAX_AGE": None,
    }
}
