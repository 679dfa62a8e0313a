"""Settings of a worker that a test starts: the test's database and folders."""

import os
from pathlib import Path

from webapp.settings.test import *  # noqa: F403
from webapp.settings.test import DATABASES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
ARGUS_DATA_DIR = Path(os.environ["TEST_DATA_DIR"])
ARGUS_HEARTBEAT_TIMEOUT_SECONDS = 2
