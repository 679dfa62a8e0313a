"""Range headers, as RFC 9110 reads them."""

import pytest

from verification.views.consumer.ranges import Unsatisfiable, byte_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=0-1000000", (0, 100)),
        ("bytes=10-", (10, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes = 5-6 ", (5, 7)),
    ],
)
def test_one_range_is_a_part(header: str, part: tuple[int, int]) -> None:
    assert byte_range(header, 100) == part


@pytest.mark.parametrize(
    "header", [None, "", "bytes=", "bytes=-", "bytes=5-2", "items=0-5", "bytes=0-1,5-6", "bytes=a-b", "bytes=٣-٤"]
)
def test_what_is_not_one_range_means_the_whole(header: str | None) -> None:
    assert byte_range(header, 100) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=0-", 0), ("bytes=-0", 100), ("bytes=-5", 0)])
def test_a_part_outside_the_file_cannot_be_had(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        byte_range(header, size)
