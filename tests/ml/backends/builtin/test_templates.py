"""Questions, measured answers and the sentence made of them."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml.backends.builtin.colors import crop_of, dominant_colors
from ml.backends.builtin.questioner import TemplateQuestioner
from ml.backends.builtin.responder import MeasuringResponder
from ml.backends.builtin.writer import JoiningWriter
from tests.ml.backends.photos import TestPhoto, drawn

RED, PHOTO_SIZE = "#c81e1e", (320, 240)


@dataclass
class Prompt:
    image: Any
    box: tuple[float, float, float, float]
    tag: str
    questions: tuple[str, ...]


def describe(tag: str, box: tuple[float, float, float, float], photo: TestPhoto) -> tuple[tuple[str, ...], str]:
    [questions] = TemplateQuestioner().ask([tag])
    prompt = Prompt(photo, box, tag, questions)
    [answers] = MeasuringResponder().answer([prompt])
    return answers, JoiningWriter().write([prompt], [answers])[0]


def test_a_red_thing_in_the_upper_left() -> None:
    photo = drawn(((0, 0, 80, 60), RED), size=PHOTO_SIZE)
    answers, sentence = describe("cup", (0, 0, 80, 60), photo)
    assert answers == (
        "The cup is mostly red.",
        "The cup is in the upper left of the photo.",
        "The cup takes up about 6% of the photo.",
    )
    assert sentence == ("The cup is mostly red, is in the upper left of the photo and takes up about 6% of the photo.")


def test_plurals_have_plural_verbs() -> None:
    [questions] = TemplateQuestioner().ask(["people"])
    assert questions[0] == "What color are the people?"
    _, sentence = describe("people", (100, 80, 220, 160), drawn(size=PHOTO_SIZE))
    assert sentence.startswith("The people are mostly gray, are in the center of the photo and take up")
    assert TemplateQuestioner().ask(["bus"])[0][1] == "Where in the photo is the bus?"


def test_the_answers_follow_the_original_size_and_not_the_pixels() -> None:
    photo = drawn(((0, 0, 80, 60), RED), size=PHOTO_SIZE)
    answers, _ = describe("cup", (0, 0, 800, 600), TestPhoto(photo.pixels, 3200, 2400))
    assert answers[0] == "The cup is mostly red."
    assert answers[2].endswith("about 6% of the photo.")


def test_a_speck_takes_up_less_than_one_percent() -> None:
    answers, _ = describe("ant", (10, 10, 12, 12), drawn(size=PHOTO_SIZE))
    assert answers[2] == "The ant takes up less than 1% of the photo."


def test_a_question_that_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="Who owns"):
        MeasuringResponder().answer([Prompt(drawn(), (0, 0, 9, 9), "cup", ("Who owns the cup?",))])


def test_a_tag_with_braces_or_markup_is_only_a_text() -> None:
    answers, _ = describe("{tag} <b>", (0, 0, 80, 60), drawn(size=PHOTO_SIZE))
    assert answers[0].startswith("The {tag} <b> is mostly")


def test_free_answers_are_joined_too() -> None:
    cat = Prompt(drawn(), (0, 0, 9, 9), "cat", ())
    [sentence] = JoiningWriter().write([cat], [["The cat is asleep.", "Yes.", ""]])
    assert sentence == "The cat is asleep; Yes."
    assert JoiningWriter().write([cat], [[]]) == ["A photo of the cat."]


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ("#000000", "black"),
        ("#ffffff", "white"),
        ("#808080", "gray"),
        ("#c81e1e", "red"),
        ("#f58220", "orange"),
        ("#f5e663", "yellow"),
        ("#2e7d32", "green"),
        ("#1e4fc8", "blue"),
        ("#6a1b9a", "purple"),
        ("#e91e9a", "pink"),
        ("#6b3e1d", "brown"),
        ("#e8d3b0", "beige"),
    ],
)
def test_colour_names(color: str, name: str) -> None:
    assert dominant_colors(Image.new("RGB", (10, 10), color)) == [name]


def test_two_colours_are_named_when_both_matter() -> None:
    photo = drawn(((0, 0, 60, 100), RED), ((60, 0, 100, 100), "#1e4fc8"), size=(100, 100))
    assert dominant_colors(crop_of(photo, (0, 0, 100, 100))) == ["red", "blue"]


@given(st.integers(0, 31900), st.integers(0, 23900), st.integers(1, 32000), st.integers(1, 24000))
def test_every_box_has_a_crop(x: int, y: int, across: int, down: int) -> None:
    photo = drawn(size=(32, 24))
    photo = TestPhoto(photo.pixels, 320, 240)
    box = (x / 100, y / 100, min(320.0, (x + across) / 100), min(240.0, (y + down) / 100))
    crop = crop_of(photo, box)
    assert min(crop.size) >= 1
    assert dominant_colors(crop) == ["gray"]
