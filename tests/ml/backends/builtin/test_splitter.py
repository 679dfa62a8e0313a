"""Parts come from the table, else from WordNet, else there are none."""

import pytest

from ml.backends.builtin.splitter import WordNetSplitter

splitter = WordNetSplitter()


@pytest.mark.parametrize(
    ("tag", "part"),
    [("cup", "handle"), ("wooden table", "leg"), ("tabby cat", "whisker"), ("fox", "tail"), ("garage", "roof")],
)
def test_parts_are_inherited_from_the_kind(tag: str, part: str) -> None:
    [parts] = splitter.split([tag])
    assert part in parts


def test_wordnet_fills_in_where_the_table_is_silent() -> None:
    assert "rainbow" in splitter.split(["sky"])[0]


@pytest.mark.parametrize("tag", ["water", "coffee", "snow", "happiness", "qwertz", "", "咖啡杯"])
def test_what_cannot_be_divided_has_no_parts(tag: str) -> None:
    assert splitter.split([tag]) == [()]


def test_there_are_few_parts_and_none_is_the_thing_itself() -> None:
    tags = ["car", "bird", "house", "person", "train", "wheel", "window"]
    for tag, parts in zip(tags, splitter.split(tags), strict=True):
        assert len(parts) <= 6
        assert tag not in parts
    assert all(len(parts) <= 2 for parts in WordNetSplitter(max_parts=2).split(tags))


def test_a_part_that_no_one_can_see_is_left_out() -> None:
    assert not {"part", "section", "syrinx", "uropygium", "personality"} & set(splitter.split(["bird"])[0])
    assert splitter.split(["toaster"]) == [()]
