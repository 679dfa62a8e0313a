"""What is likely in the scene, and not what is there already."""

import pytest

from ml.backends.builtin.imaginator import TableImaginator


def imagine(*tags: str, **options: int) -> tuple[str, ...]:
    [likely] = TableImaginator(**options).imagine([""], [tags])
    return likely


def test_a_kitchen_has_a_sink_unless_it_is_listed() -> None:
    assert "sink" in imagine("kitchen", "man")
    assert "sink" not in imagine("kitchen", "sink")


def test_scenes_take_turns() -> None:
    assert imagine("kitchen", "beach", relatives=0)[:2] == ("cabinet", "sand")


def test_relatives_are_things_of_the_same_kind() -> None:
    assert "bus" not in imagine("person")
    assert set(imagine("coffee", relatives=3)) & {"milk", "tea"}
    assert not set(imagine("coffee", relatives=0)) & {"milk", "tea"}


def test_people_suggest_no_other_people() -> None:
    assert imagine("woman") == ()


def test_the_answer_is_bounded() -> None:
    assert len(imagine("kitchen", "street", "beach", "office", "farm")) == 12
    assert len(imagine("kitchen", max_tags=3)) == 3
    assert imagine() == ()
    with pytest.raises(ValueError, match="max_tags"):
        TableImaginator(max_tags=0)
