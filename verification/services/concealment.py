"""Numbers as annotators see them.

Items and slots are numbered as they are made, so that one which was planted later than its neighbours (a gold item)
would show it. People who judge, and their programs, are given a keyed permutation of the number instead: a Feistel
cipher over 52 bits, which is what JavaScript keeps of an integer. The same number is concealed the same way each time.
"""

from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

BITS = 52
LARGEST = 2**BITS - 1
_HALF = BITS // 2
_MASK = 2**_HALF - 1
_ROUNDS = range(6)

SLOT, ITEM, PAGE = b"slot", b"item", b"page"


def conceal(number: int, kind: bytes) -> int:
    """The number that stands for `number` (0 to LARGEST) outside; kind: SLOT, ITEM or PAGE. Raises ValueError."""
    left, right = _halves(number)
    key = _key(settings.SECRET_KEY)
    for turn in _ROUNDS:
        left, right = right, left ^ _mixed(right, turn, kind, key)
    return right << _HALF | left


def reveal(number: int, kind: bytes) -> int:
    """The number that `conceal` was given. Raises ValueError."""
    right, left = _halves(number)
    key = _key(settings.SECRET_KEY)
    for turn in reversed(_ROUNDS):
        left, right = right ^ _mixed(left, turn, kind, key), left
    return left << _HALF | right


def _halves(number: int) -> tuple[int, int]:
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} has more than {BITS} bits")
    return number >> _HALF, number & _MASK


def _mixed(half: int, turn: int, kind: bytes, key: bytes) -> int:
    digest = blake2b(half.to_bytes(4) + bytes([turn]), key=key, person=kind, digest_size=4)
    mixed: int = int.from_bytes(digest.digest()) & _MASK
    return mixed


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return blake2b(secret.encode(), person=b"concealment").digest()
