"""Lists by key: `after` is the key of the last row seen, so a page costs the same wherever it stands."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

Row = TypeVar("Row", bound=Model)


def page_by_key(
    rows: QuerySet[Row], *, after: int | None, limit: int, newest_first: bool = False
) -> tuple[Sequence[Row], int | None]:
    """(rows, the `after` of the next page or None) of a query that is ordered by its primary key."""
    if after is not None:
        rows = rows.filter(pk__lt=after) if newest_first else rows.filter(pk__gt=after)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    more = len(found) > limit
    return found[:limit], found[limit - 1].pk if more else None


def page_of(row: type[serializers.Serializer[Any]], name: str) -> type[serializers.Serializer[Any]]:
    """The serializer of one page of rows: {"items": […], "next": key or null}."""
    return type(
        f"{name}Page",
        (serializers.Serializer,),
        {
            "items": row(many=True),
            "next": serializers.IntegerField(
                allow_null=True, help_text="The `after` of the next page; null at the end."
            ),
            "__doc__": None,
        },
    )
