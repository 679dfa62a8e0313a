"""Three questions, their answers, one sentence per region."""

from typing import Any

import numpy as np

from annotation.pipeline.batches import Failure
from annotation.pipeline.description import describe_images
from tests.annotation.pipeline.backends import Fake, backends, photo

BOXES = np.array([[0.0, 0, 10, 10], [20.0, 20, 60, 60]])


def test_a_description_holds_together() -> None:
    [descriptions] = describe_images([photo(1)], [BOXES], [["cup", "cat"]], backends())
    assert not isinstance(descriptions, Failure)
    assert descriptions[1].tag == "cat"
    assert descriptions[1].questions == ("What cat?", "Where cat?", "How cat?")
    assert descriptions[1].answers == ("Yes, What cat?", "Yes, Where cat?", "Yes, How cat?")
    assert descriptions[1].caption == "A cat."


def test_each_tag_is_asked_about_once_in_a_batch() -> None:
    asked: list[str] = []
    questioner = Fake(ask=lambda tags: asked.extend(tags) or [["a?", "b?", "c?"] for _ in tags])
    describe_images(
        [photo(1), photo(2)], [BOXES, BOXES], [["cup", "cup"], ["cat", "cup"]], backends(questioner=questioner)
    )
    assert asked == ["cup", "cat"]


def test_two_questions_are_one_too_few() -> None:
    questioner = Fake(ask=lambda tags: [["a?", "b?", "c?"][: 2 if tag == "cat" else 3] for tag in tags])
    results = describe_images(
        [photo(1), photo(2)], [BOXES[:1], BOXES[:1]], [["cup"], ["cat"]], backends(questioner=questioner)
    )
    assert not isinstance(results[0], Failure)
    assert "questioner test:questioner: questions: 3 were expected, 2 came" in str(results[1])


def test_a_responder_that_falls_silent_fails_that_photo_alone() -> None:
    def answer(prompts: list[Any]) -> list[list[str]]:
        return [["", "", ""] if p.image.image_id == 2 else ["a", "b", "c"] for p in prompts]

    results = describe_images(
        [photo(1), photo(2)], [BOXES, BOXES], [["a", "b"], ["a", "b"]], backends(responder=Fake(answer=answer))
    )
    assert not isinstance(results[0], Failure)
    assert "answers: number 0 is empty" in str(results[1])


def test_a_writer_that_answers_too_few_sentences_is_found_out() -> None:
    writer = Fake(write=lambda prompts, answers: ["One."] * (len(prompts) - 1))
    [failure] = describe_images([photo(1)], [BOXES], [["a", "b"]], backends(writer=writer))
    assert "writer test:writer: answers: 2 were expected, 1 came" in str(failure)


def test_no_regions_need_no_words() -> None:
    assert describe_images([photo(1)], [np.zeros((0, 4))], [[]], backends()) == [[]]
