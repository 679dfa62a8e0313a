"""The spotter lists what the captions agree on first."""

import pytest

from ml.backends.builtin.spotter import CaptionSpotter
from tests.ml.backends.photos import captioned


def test_the_coffee_photo() -> None:
    caption = "a cup of coffee on a saucer with a spoon on a wooden table"
    [spotting] = CaptionSpotter().spot([captioned(caption)])
    assert spotting.caption == caption
    assert spotting.tags == ("cup", "coffee", "saucer", "spoon", "table", "wooden table")


def test_what_more_captions_mention_comes_first_and_the_first_caption_stays() -> None:
    [spotting] = CaptionSpotter().spot([captioned("A dog on a sofa.", "A cat and a dog", "a dog and a cat")])
    assert spotting.caption == "A dog on a sofa."
    assert spotting.tags == ("dog", "cat", "sofa")


def test_the_kind_of_a_compound_is_listed_after_it() -> None:
    [spotting] = CaptionSpotter().spot([captioned("a tabby cat on the kitchen counter")])
    assert spotting.tags == ("tabby cat", "kitchen counter", "cat", "counter")


def test_without_captions_there_is_nothing_to_spot() -> None:
    [spotting] = CaptionSpotter().spot([captioned()])
    assert (spotting.caption, spotting.tags) == ("", ())


def test_options() -> None:
    photo = captioned("a red cup, a spoon, a fork and a knife")
    assert CaptionSpotter(max_tags=2).spot([photo])[0].tags == ("cup", "spoon")
    assert "red cup" not in CaptionSpotter(adjectives=False).spot([photo])[0].tags
    with pytest.raises(ValueError, match="max_tags"):
        CaptionSpotter(max_tags=0)


def test_a_very_long_caption_is_cut() -> None:
    [spotting] = CaptionSpotter().spot([captioned("a cup and " * 100_000)])
    assert len(spotting.caption) <= 2000
    assert spotting.tags == ("cup",)
