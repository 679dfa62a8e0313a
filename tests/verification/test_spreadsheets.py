"""CSV that no spreadsheet runs."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.spreadsheets import FORMULA_STARTS, csv_lines, guarded


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "  ="])
def test_what_begins_like_a_formula_is_made_text(start: str) -> None:
    assert guarded(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_numbers_and_dates_stay_what_they_are() -> None:
    assert guarded(Decimal("-0.02")) == Decimal("-0.02")
    assert guarded(-3.5) == -3.5
    assert guarded(None) is None
    assert guarded(datetime(2026, 11, 3, 9, 30, tzinfo=UTC)) == "2026-11-03T09:30:00+00:00"


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2)
    )
)
def test_every_cell_comes_back_and_none_begins_a_formula(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(["one", "two"], rows))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows) + 1
    for row, cells in zip(rows, read[1:], strict=True):
        for sent, got in zip(row, cells, strict=True):
            assert not got.lstrip(" ").startswith(FORMULA_STARTS)
            assert got.removeprefix("'") == sent.removeprefix("'") or got == sent
