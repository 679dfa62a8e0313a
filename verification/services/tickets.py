"""Proof that somebody was given an item, for the time after the lease has lapsed.

A held slot names its holder; a freed one does not. A ticket lets the person who had the slot hand in a late verdict,
and keeps everybody else from judging items of their own choice.
"""

import hmac
from hashlib import sha256

from django.conf import settings

_LENGTH = 32


def issue_ticket(*, user_id: int, assignment_id: int) -> str:
    """32 hex digits that only this server can make, the same each time."""
    text = f"lease ticket {user_id} {assignment_id}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), text, sha256).hexdigest()[:_LENGTH]


def is_ticket_of(ticket: str, *, user_id: int, assignment_id: int) -> bool:
    """Whether `ticket` was issued to this person for this slot."""
    issued = issue_ticket(user_id=user_id, assignment_id=assignment_id)
    return hmac.compare_digest(issued.encode(), ticket.encode())
