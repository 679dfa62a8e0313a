import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.answer_texts import has_words, is_other_script, scripts_of, unseen_characters, whole_text


@given(st.text())
def test_a_whole_text_is_whole_and_says_the_same(text: str) -> None:
    whole = whole_text(text)
    assert whole_text(whole) == whole
    assert "\r" not in whole
    assert "  " not in whole
    flat = unicodedata.normalize("NFC", text)
    assert [letter for letter in whole if letter.isalnum()] == [letter for letter in flat if letter.isalnum()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\nb", []),
        ("a\x00b\x07", ["U+0000", "U+0007"]),
        ("a\tb", ["U+0009"]),
        ("\u202eabc\u2066", ["U+202E", "U+2066"]),
        ("zero\u200bwidth", ["U+200B"]),
        ("می\u200cخواهم 👩\u200d👧", []),
        ("\ue000", ["U+E000"]),
    ],
)
def test_what_nobody_can_see_is_found_and_what_scripts_need_is_left(text: str, found: list[str]) -> None:
    assert unseen_characters(text) == found


@pytest.mark.parametrize(
    ("text", "question", "is_other"),
    [
        ("It is blue.", "What colour is it?", False),
        ("Она синяя.", "What colour is it?", True),
        ("The letter Я in red", "What is written?", False),
        ("42", "How many?", False),
        ("青いです", "何色ですか", False),
        ("カップ", "何ですか", False),
        ("Blue", "42?", False),
        ("It is blue", "この色は何ですか", True),
    ],
)
def test_an_answer_is_in_the_script_of_its_question(text: str, question: str, is_other: bool) -> None:
    assert is_other_script(text, question) is is_other


def test_letters_are_counted_by_script_and_words_need_letters_or_digits() -> None:
    assert scripts_of("ab я 1!") == {"LATIN": 2, "CYRILLIC": 1}
    assert has_words("3")
    assert not has_words("?! …")
