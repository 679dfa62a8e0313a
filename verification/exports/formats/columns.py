"""The columns of each kind: for Parquet, and for the description that a Hugging Face dataset carries. Pure.

A type is the name of a value ("string"), a list of one type, or a mapping of names to types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import pyarrow

Type: TypeAlias = "str | list[Any] | dict[str, Any]"

_IMAGE: Final[dict[str, Type]] = {
    "url": "string",
    "path": "string",
    "name": "string",
    "sha256": "string",
    "width": "int32",
    "height": "int32",
    "licence": "string",
}
_TAG: Final[dict[str, Type]] = {"tag": "string", "score": "float64", "sources": ["string"], "loop": "int32"}
_PROVENANCE: Final[dict[str, Type]] = {
    "people": "int32",
    "agreement": "float64",
    "first_judged_on": "date32",
    "last_judged_on": "date32",
}
_PAIR: Final[dict[str, Type]] = {"question": "string", "answer": "string"}
_WHERE: Final[dict[str, Type]] = {"schema": "string", "region": "int64", "image": _IMAGE, "bbox": ["float64"]}

COLUMNS: Final[dict[str, dict[str, Type]]] = {
    "tags": {
        **_WHERE, "tag": "string", "accepted": [_TAG], "rejected": [_TAG], "loop": "int32", "provenance": _PROVENANCE,
    },
    "regions": {
        **_WHERE, "tag": "string", "qa": [_PAIR], "caption": "string", "verified": ["string"], "loop": "int32",
        "provenance": _PROVENANCE,
    },
    "qa": {
        **_WHERE, "pair": "int64", "tag": "string", "question": "string", "answer": "string", "choice": "string",
        "loop": "int32", "judged_on": "date32",
    },
    "captions": {**_WHERE, "tag": "string", "caption": "string", "loop": "int32", "provenance": _PROVENANCE},
}  # fmt: skip


def arrow_schema(kind: str) -> pyarrow.Schema:
    """The Parquet schema of a kind's records. Every value may be null, as Parquet's readers expect."""
    import pyarrow

    return pyarrow.schema([(name, _arrow(column)) for name, column in COLUMNS[kind].items()])


def dataset_features(kind: str) -> list[dict[str, Any]]:
    """The same as `features` of a dataset card's `dataset_info`."""
    return _features(COLUMNS[kind])


def _arrow(column: Type) -> Any:
    import pyarrow

    if isinstance(column, list):
        return pyarrow.list_(_arrow(column[0]))
    if isinstance(column, dict):
        return pyarrow.struct([(name, _arrow(inner)) for name, inner in column.items()])
    return {"date32": pyarrow.date32, "string": pyarrow.string, "float64": pyarrow.float64}.get(
        column, getattr(pyarrow, column)
    )()


def _features(columns: dict[str, Type]) -> list[dict[str, Any]]:
    return [{"name": name, **_feature(column)} for name, column in columns.items()]


def _feature(column: Type) -> dict[str, Any]:
    if isinstance(column, list):
        inner = column[0]
        return {"list": _features(inner) if isinstance(inner, dict) else inner}
    if isinstance(column, dict):
        return {"struct": _features(column)}
    return {"dtype": column}
