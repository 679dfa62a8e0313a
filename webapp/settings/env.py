"""Typed readers of environment variables. A value that cannot be read stops the start, naming the variable."""

import os
from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def _read(name: str, default: T, parse: Callable[[str], T]) -> T:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return parse(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"Environment variable {name}={raw!r}: {error}") from error


def text(name: str, default: str = "") -> str:
    return _read(name, default, str)


def integer(name: str, default: int) -> int:
    return _read(name, default, int)


def number(name: str, default: float) -> float:
    return _read(name, default, float)


def flag(name: str, default: bool) -> bool:
    """A yes/no switch: 1/0, true/false, yes/no, on/off."""

    def parse(raw: str) -> bool:
        lowered = raw.lower()
        if lowered in _TRUE:
            return True
        if lowered in _FALSE:
            return False
        raise ValueError("expected yes or no")

    return _read(name, default, parse)


def names(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list."""
    return _read(name, default or [], lambda raw: [part.strip() for part in raw.split(",") if part.strip()])


def required(name: str) -> str:
    """A value without which Argus refuses to start."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name} (see docs/operations.md).")
    return value
