"""Tag texts lose what could disturb a page or a comparison, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.pipeline.concepts import MAX_LENGTH, ConceptTextError, display_text, normalise, parse_concept


@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert display_text(display_text(text)) == display_text(text)


@given(st.text(max_size=20))
def test_the_display_text_names_the_same_concept(text: str) -> None:
    assert normalise(display_text(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "display", "normalised"),
    [
        ("The  Sphinxes ", "The Sphinxes", "the sphinxes"),
        ("Straße", "Straße", "strasse"),
        ("ﬁre hydrant", "ﬁre hydrant", "fire hydrant"),
        ("coffee\ncup\t", "coffee cup", "coffee cup"),
        ("cup\x00\x07", "cup", "cup"),
        ("cup\u202egnp.exe\u202c", "cupgnp.exe", "cupgnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth", "zerowidth"),
        ("می\u200cخواهم", "می\u200cخواهم", "میخواهم"),
        ("<b>bold</b>", "<b>bold</b>", "<b>bold</b>"),
        ("咖啡杯", "咖啡杯", "咖啡杯"),
    ],
)
def test_display_and_normalised_text(text: str, display: str, normalised: str) -> None:
    concept = parse_concept(text)
    assert (concept.display, concept.normalised) == (display, normalised)


@pytest.mark.parametrize("text", ["", "   ", "\u202e\u200b", "\n\t", "\u200d"])
def test_an_empty_tag_is_refused(text: str) -> None:
    with pytest.raises(ConceptTextError, match="empty"):
        parse_concept(text)


def test_a_hundred_characters_pass_and_one_more_does_not() -> None:
    assert parse_concept("x" * MAX_LENGTH).normalised == "x" * MAX_LENGTH
    with pytest.raises(ConceptTextError, match="101 characters"):
        parse_concept("x" * (MAX_LENGTH + 1))


def test_a_text_that_grows_by_normalising_is_measured_after_it() -> None:
    with pytest.raises(ConceptTextError, match="at most 100"):
        parse_concept("ﷺ" * 10)  # one character, eighteen when compatibility forms are spelt out


def test_a_huge_text_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConceptTextError) as refusal:
        parse_concept("y" * 50_000_000)
    assert len(str(refusal.value)) < 200
