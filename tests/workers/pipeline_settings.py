"""Settings of a worker that runs the pipeline in a test: small shards, short patience."""

from tests.workers.settings import *  # noqa: F403
from tests.workers.settings import ARGUS_DATA_DIR

MEDIA_ROOT = ARGUS_DATA_DIR / "media"
ARGUS_RESEND_SECONDS = 1
