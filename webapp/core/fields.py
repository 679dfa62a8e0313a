"""Column types that Django lacks."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class RealField(models.FloatField):  # type: ignore[type-arg]  # generic only in the stubs
    """A 4-byte float: scores need no more, and there are five per region."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "real"

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "webapp.core.fields.RealField", args, kwargs
