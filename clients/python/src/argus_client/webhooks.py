"""For whoever receives Argus's webhooks: is this message from Argus, and is it new?"""

from __future__ import annotations

import hmac
import re
import time
from hashlib import sha256

REPLAY_WINDOW_SECONDS = 300
_HEADER = re.compile(r"t=(?P<time>\d{1,12}),v1=(?P<digest>[0-9a-f]{64})", re.ASCII)


def is_signed(header: str, secret: str, body: bytes, *, now: float | None = None) -> bool:
    """Whether `header` (Argus-Signature) fits the raw `body` and is at most five minutes old.

    Check before parsing. A message may come twice: remember its `id`.
    """
    match = _HEADER.fullmatch(header)
    if match is None:
        return False
    digest = hmac.new(secret.encode(), f"{match['time']}.".encode() + body, sha256).hexdigest()
    age = abs((time.time() if now is None else now) - int(match["time"]))
    return hmac.compare_digest(digest, match["digest"]) and age <= REPLAY_WINDOW_SECONDS
