"""Puts the clock of a process off by CLOCK_SHIFT_SECONDS: for Python, and for it alone.

Python runs this module at its start when its folder is on PYTHONPATH, before anything else is imported. `time.time`
and `datetime` are replaced; monotonic clocks, by which servers wait, go on as they are.
"""

import datetime
import os
import time

_SHIFT = float(os.environ["CLOCK_SHIFT_SECONDS"])
_time, _datetime = time.time, datetime.datetime


class _AnyDatetime(type):
    def __instancecheck__(cls, thing: object) -> bool:
        return isinstance(thing, _datetime)  # those that C code makes are datetimes, too

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _datetime)


class _Shifted(_datetime, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return _datetime.now(tz) + datetime.timedelta(seconds=_SHIFT)

    @classmethod
    def utcnow(cls) -> datetime.datetime:
        return _datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=_SHIFT)

    @classmethod
    def today(cls) -> datetime.datetime:
        return cls.now()


time.time = lambda: _time() + _SHIFT
datetime.datetime = _Shifted  # type: ignore[misc]
