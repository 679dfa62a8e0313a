from collections import Counter

import pytest

from bench.world.crowd import ANNOTATORS, EXPERTS, Crowd, ErrorRates
from bench.world.language import questions
from bench.world.oracle import AnswerVerdict, Oracle
from bench.world.seeds import WorldError
from verification.quality import Outcome, majority, wilson_interval

PEOPLE = tuple(f"person {number}" for number in range(20))
TAGS = ("mirror", "monkey", "vehicle", "owl")


@pytest.fixture(scope="module")
def oracle(scenes):
    return Oracle(scenes)


@pytest.fixture(scope="module")
def items(scenes):
    """Every thing, with a right tag and some that mostly are wrong."""
    return [(scene.file_name, thing.box, (thing.concept, *TAGS)) for scene in scenes for thing in scene.objects]


def errors_on_tags(crowd, oracle, items):
    """person -> number of items with an error."""
    return Counter(
        person
        for person in crowd.people
        for item in items
        if crowd.judge_tags(person, *item) != oracle.judge_tags(*item)
    )


@pytest.mark.parametrize(("rates", "rate"), [(ANNOTATORS, 0.10), (EXPERTS, 0.02)])
def test_items_carry_errors_at_the_rate_that_was_set(oracle, items, rates, rate):
    errors = errors_on_tags(Crowd(oracle, PEOPLE, rates=rates), oracle, items)
    low, high = wilson_interval(errors.total(), len(items) * len(PEOPLE), z=3.3)
    assert low <= rate <= high


def test_an_error_is_one_mark_of_the_kind_that_was_set(oracle, items):
    for missed in (0.0, 1.0):
        crowd = Crowd(oracle, PEOPLE[:5], rates=ErrorRates(tags=0.5, missed=missed))
        for image, box, tags in items:
            truth, marks = oracle.judge_tags(image, box, tags), crowd.judge_tags(PEOPLE[0], image, box, tags)
            changed = [(right, said) for right, said in zip(truth, marks, strict=True) if right != said]
            assert changed in ([], [(False, True)] if missed else [(True, False)])


def test_careless_people_err_three_times_as_often(oracle, items):
    errors = errors_on_tags(Crowd(oracle, PEOPLE, careless=0.2), oracle, items)
    ranked = [errors[person] / len(items) for person in sorted(PEOPLE, key=errors.__getitem__, reverse=True)]
    assert sum(ranked[:4]) / 4 == pytest.approx(0.30, abs=0.04)
    assert sum(ranked[4:]) / 16 == pytest.approx(0.05, abs=0.02)


def test_small_things_are_misjudged_oftener(oracle, scenes):
    crowd = Crowd(oracle, PEOPLE, rates=ErrorRates(tags=0.1, by_size={"tiny": 4.0, "small": 2.0}), careless=0)
    errors, counts = Counter(), Counter()
    for scene in scenes:
        for thing in scene.objects:
            for person in PEOPLE:
                asked = (scene.file_name, thing.box, (thing.concept, *TAGS))
                counts[thing.size_class] += 1
                errors[thing.size_class] += crowd.judge_tags(person, *asked) != oracle.judge_tags(*asked)
    share = {size: errors[size] / counts[size] for size in counts}
    assert share["tiny"] == pytest.approx(4 * share["medium"], rel=0.4)
    assert share["small"] == pytest.approx(2 * share["medium"], rel=0.4)
    assert errors.total() / counts.total() == pytest.approx(0.1, abs=0.01)


def test_the_four_choices_are_confused_at_the_rate_that_was_set(oracle, scenes):
    crowd = Crowd(oracle, PEOPLE, rates=ErrorRates(question=0.15))
    wrong = asked_in_all = 0
    mistaken = Counter()
    for scene in scenes:
        for number, thing in enumerate(scene.objects):
            person = PEOPLE[number % len(PEOPLE)]
            for asked in questions(scene, thing):
                about = (scene.file_name, thing.box, asked.question, asked.short, thing.concept)
                said = crowd.judge_answer(person, *about)
                assert said is crowd.judge_answer(person, *about)
                mistaken[said] += 1
                wrong += said is not AnswerVerdict.CORRECT
                asked_in_all += 1
    assert wrong / asked_in_all == pytest.approx(0.15, abs=0.05)
    assert mistaken[AnswerVerdict.WRONG_ANSWER] > 0.3 * wrong
    assert mistaken[AnswerVerdict.UNANSWERABLE] > 0.3 * wrong


def test_corrections_are_right_or_true_of_something_else(oracle, scenes):
    crowd = Crowd(oracle, PEOPLE[:1], rates=ErrorRates(correction=0.3), careless=0)
    right = written = 0
    for scene in scenes:
        for thing in scene.objects:
            for asked in questions(scene, thing):
                about = (scene.file_name, thing.box, asked.question, thing.concept)
                answer = crowd.write_answer(PEOPLE[0], *about)
                assert answer == crowd.write_answer(PEOPLE[0], *about)
                right += answer == asked.sentence
                written += 1
    assert right / written == pytest.approx(0.7, abs=0.03)


def test_the_same_person_answers_the_same_and_others_differ(oracle, items):
    first = Crowd(oracle, PEOPLE, rates=ErrorRates(tags=0.3))
    again = Crowd(oracle, PEOPLE[::-1], rates=ErrorRates(tags=0.3))
    other = Crowd(oracle, PEOPLE, rates=ErrorRates(tags=0.3), seed=1)
    said = [first.judge_tags(PEOPLE[3], *item) for item in items]
    assert said == [again.judge_tags(PEOPLE[3], *item) for item in reversed(items)][::-1]
    assert said != [other.judge_tags(PEOPLE[3], *item) for item in items]
    assert said != [first.judge_tags(PEOPLE[4], *item) for item in items]


def test_a_majority_of_three_errs_less_than_one(oracle, items):
    crowd = Crowd(oracle, PEOPLE, careless=0)
    wrong = 0
    for number, (image, box, tags) in enumerate(items):
        three = [PEOPLE[(number + shift) % len(PEOPLE)] for shift in range(3)]
        marks = [crowd.judge_tags(person, image, box, tags) for person in three]
        outcome = [
            majority(sum(not mark for mark in votes), 3) is Outcome.ACCEPTED for votes in zip(*marks, strict=True)
        ]
        wrong += outcome != oracle.judge_tags(image, box, tags)
    assert wrong / len(items) < 0.03


def test_impossible_crowds_are_refused(oracle):
    with pytest.raises(WorldError, match="careless"):
        Crowd(oracle, PEOPLE, careless=0.5)
    with pytest.raises(WorldError, match="name some"):
        Crowd(oracle, [])
    with pytest.raises(WorldError, match="“nobody” is not of this crowd"):
        Crowd(oracle, PEOPLE).judge_tags("nobody", oracle.images[0], (0, 0, 9, 9), ["cat"])
