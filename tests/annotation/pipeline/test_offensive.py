"""Offensive words become no tags; ordinary ones do."""

import pytest

from annotation.pipeline.offensive import is_offensive, offensive_words


def test_the_list_ships_with_the_package() -> None:
    assert len(offensive_words()) > 350


@pytest.mark.parametrize("tag", ["Shit", "SHIT sign", "two girls one cup", "ｓｈｉｔ", "s&m"])
def test_offensive_tags(tag: str) -> None:
    assert is_offensive(tag)


@pytest.mark.parametrize("tag", ["big black dog", "cockpit", "Scunthorpe sign", "grape", "person", "shiitake"])
def test_ordinary_tags(tag: str) -> None:
    assert not is_offensive(tag)
