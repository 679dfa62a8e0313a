"""Answers are normalised as VQA's published evaluation does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evals.answers import CONTRACTIONS, normalised, without_punctuation


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Two", "2"),
        ("none", "0"),
        ("The cat and a dog", "cat and dog"),
        ("  yes.\n", "yes"),
        ("3.5", "3.5"),
        ("yes/no", "yes no"),
        ("yes / no", "yes no"),
        ("red, white", "red white"),
        ("red,white", "red white"),
        ("1,000", "1000"),
        ("1,000 kg/day", "1000 kgday"),  # a comma in a number removes all punctuation
        ("black-and-white", "black and white"),
        ("black -and white", "black and white"),
        ("isnt", "isn't"),
        ("they'dve gone", "they'd've gone"),
        ("it's 10:30", "it's 10:30"),
        ("", ""),
    ],
)
def test_normalisation_by_example(given: str, wanted: str) -> None:
    assert normalised(given) == wanted


def test_contractions_get_their_apostrophe_back() -> None:
    assert len(CONTRACTIONS) == 114
    sample = ("dont", "couldnt've", "couldn'tve", "oclock", "twas", "ow's'at", "y'alld've", "whered")
    assert [CONTRACTIONS[word] for word in sample] == [
        "don't", "couldn't've", "couldn't've", "o'clock", "'twas", "'ow's'at", "y'all'd've", "where'd",
    ]  # fmt: skip
    assert "let" not in CONTRACTIONS
    assert "well" not in CONTRACTIONS


@given(st.text(alphabet="abt 0123,.'-/the two", max_size=30))
def test_what_is_normalised_has_no_articles_and_single_spaces(text: str) -> None:
    words = normalised(text).split(" ")
    assert not {"a", "an", "the", "two"} & set(words)
    assert words == [""] or "" not in words


@given(st.text(max_size=30))
def test_punctuation_never_adds_characters(text: str) -> None:
    assert len(without_punctuation(text)) <= len(text)
