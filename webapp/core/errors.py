"""The one family of errors. Each says whether trying again makes sense, and with which status it is shown."""


class ArgusError(Exception):
    """Something a person or a caller should be told about.

    `message` says what happened and what to do next; `code` is stable and for programs; `permanent` is False
    when the same call may succeed later.
    """

    status = 500
    code = "error"
    permanent = True

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class BadInput(ArgusError):
    """The caller sent something that cannot be used as it is."""

    status = 400
    code = "bad_input"


class NotAllowed(ArgusError):
    """The person may not do this; somebody with another role may."""

    status = 403
    code = "not_allowed"


class NotFound(ArgusError):
    """It does not exist, or not for this person."""

    status = 404
    code = "not_found"


class Conflict(ArgusError):
    """The facts have moved on: somebody else was first, or the state no longer permits it."""

    status = 409
    code = "conflict"


class Gone(ArgusError):
    """It existed and was removed on purpose."""

    status = 410
    code = "gone"


class TooMany(ArgusError):
    """A quota is used up for now."""

    status = 429
    code = "too_many"
    permanent = False


class Unavailable(ArgusError):
    """A part that is needed does not answer now."""

    status = 503
    code = "unavailable"
    permanent = False
