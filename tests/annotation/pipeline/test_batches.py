"""A photo that fails, fails alone, with its reason."""

from typing import Any

import pytest

from annotation.pipeline.batches import Batch, Failure, answers_of
from annotation.pipeline.checks import BadAnswer
from tests.annotation.pipeline.backends import named, photo


def double(items: list[int]) -> list[int]:
    if 3 in items:
        raise ValueError("three is\nnot liked")
    return [2 * item for item in items]


def test_together_when_all_is_well() -> None:
    calls = []
    answers_of([1, 2], lambda items: calls.append(items) or double(items), lambda _, answer: answer)
    assert calls == [[1, 2]]


def test_one_by_one_after_an_error() -> None:
    answers = answers_of([1, 3, 5], double, lambda _, answer: answer)
    assert answers[1] == 2
    assert answers[5] == 10
    assert isinstance(answers[3], ValueError)


def test_a_wrong_number_of_answers_is_found_out() -> None:
    answers = answers_of([1, 2], lambda items: [0] * (3 - len(items)), lambda _, answer: answer)
    # One answer for two items, then two answers for one: no item has an answer that is its own.
    assert all(isinstance(answer, BadAnswer) for answer in answers.values())


def test_a_check_that_breaks_counts_against_its_item() -> None:
    def check(_: int, answer: int) -> Any:
        return {2: "fine"}[answer]

    answers = answers_of([1, 2], double, check)
    assert answers[1] == "fine"
    assert isinstance(answers[2], KeyError)


def test_running_out_of_memory_is_nobodys_fault() -> None:
    def call(items: list[int]) -> list[int]:
        raise MemoryError

    with pytest.raises(MemoryError):
        answers_of([1], call, lambda _, answer: answer)


def test_a_failure_names_photo_role_backend_and_reason() -> None:
    batch = Batch("tag", [photo(11), photo(12), photo(13)])
    answers = batch.ask("spotter", named(None, "spots"), lambda at: double([p + 2 for p in at]), lambda _, a: a)
    assert answers == {0: 4, 2: 8}
    assert batch.alive == [0, 2]
    results = batch.results(answers)
    failure = results[1]
    assert isinstance(failure, Failure)
    assert str(failure) == "photo 12: spotter test:spots: ValueError: three is not liked"
    assert (failure.stage, failure.retry) == ("tag", False)
    assert [results[0], results[2]] == [4, 8]


def test_a_failed_photo_is_not_asked_about_again() -> None:
    batch = Batch("tag", [photo(1), photo(2)])
    batch.fail(0, "spotter", named(None), ValueError("no"))
    asked = []
    batch.ask("ocr", named(None), lambda at: asked.append(at) or [0] * len(at), lambda _, answer: answer)
    assert asked == [[1]]


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionRefusedError("down")])
def test_what_may_go_away_is_marked_for_a_retry(error: Exception) -> None:
    batch = Batch("tag", [photo(1)])
    batch.fail(0, "spotter", named(None), error)
    assert batch.failures[0].retry
