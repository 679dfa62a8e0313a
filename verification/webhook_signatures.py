"""How a message to a webhook is signed, and how its receiver checks it (docs/webhooks.md). Pure."""

import hmac
import re
from hashlib import sha256

REPLAY_WINDOW_SECONDS = 300
_HEADER = re.compile(r"t=(?P<time>\d{1,12}),v1=(?P<digest>[0-9a-f]{64})", re.ASCII)


def signature_of(secret: str, body: bytes, *, at: int) -> str:
    """The value of Argus-Signature: `t=SECONDS,v1=HEX`, HMAC-SHA256 of "SECONDS.BODY"."""
    return f"t={at},v1={_digest(secret, body, at)}"


def is_signed(header: str, secret: str, body: bytes, *, now: float) -> bool:
    """Whether the header fits body and secret, and is at most five minutes old (or ahead): an old message that somebody
    sends again is refused."""
    match = _HEADER.fullmatch(header)
    if match is None:
        return False
    at = int(match["time"])
    fits = hmac.compare_digest(_digest(secret, body, at), match["digest"])
    return fits and abs(now - at) <= REPLAY_WINDOW_SECONDS


def _digest(secret: str, body: bytes, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
