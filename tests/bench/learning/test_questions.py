"""Questions: asked, answered, judged, corrected, learned; with an ASM that has hardly learned to speak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.learning.answering import UNANSWERABLE, WRONG_TAG, Asked, ask, quality, taught
from bench.learning.corpus import VOCABULARY
from bench.learning.question_runs import question_loops
from bench.learning.rounds import Engine
from bench.learning.runs import all_loops
from bench.world import starter_asm
from bench.world.crowd import Crowd, ErrorRates

FLAWLESS = ErrorRates(tags=0.0, question=0.0, correction=0.0)


@pytest.fixture(scope="module")
def true_tags(engine: Engine) -> np.ndarray:
    """(R,) the concept that each region shows; 0 for those that show none."""
    oracle, corpus = engine.audit.oracle, engine.corpus
    found = [oracle.region(corpus.name(region), corpus.box(region)) for region in range(len(corpus.boxes))]
    return np.array([0 if one is None else VOCABULARY.index(one.thing.concept) for one in found])


def test_the_same_seed_asks_the_same_questions_of_different_kinds(engine: Engine, true_tags: np.ndarray) -> None:
    regions = np.arange(20)
    asked = ask(regions, true_tags, 2, 1)
    assert asked == ask(regions, true_tags, 2, 1)
    assert len(asked) == 40
    assert all(one.question != other.question for one, other in zip(asked[::2], asked[1::2], strict=True))


def test_people_who_do_not_err_teach_answers_that_are_right(engine: Engine, true_tags: np.ndarray) -> None:
    oracle, corpus = engine.audit.oracle, engine.corpus
    crowd = Crowd(oracle, ["one", "two"], rates=FLAWLESS, careless=0.0)
    shows = [region for region in range(60) if oracle.region(corpus.name(region), corpus.box(region)) is not None]
    asked = [
        Asked(one.region, one.tag, one.question, "I do not know.") for one in ask(np.array(shows), true_tags, 2, 1)
    ]
    lessons, corrected = taught(crowd, corpus, asked, 1)
    assert corrected > 0
    said = [lesson.turns[0][1] for lesson in lessons]
    again = [Asked(one.region, one.tag, one.question, text) for one, text in zip(asked, said, strict=True)]
    answerable = [one for one in again if one.answer not in (UNANSWERABLE, WRONG_TAG)]
    assert quality(oracle, corpus, answerable)["percent"] == 100.0


def test_a_wrong_tag_is_answered_with_the_papers_rejection(engine: Engine, true_tags: np.ndarray) -> None:
    crowd = Crowd(engine.audit.oracle, ["one", "two"], rates=FLAWLESS, careless=0.0)
    wrong = (true_tags + 1) % len(VOCABULARY)
    asked = [one for one in ask(np.arange(10), wrong, 1, 1) if one.question != "What is this?"]
    lessons, _ = taught(crowd, engine.corpus, asked, 1)
    assert {lesson.turns[0][1] for lesson in lessons} == {WRONG_TAG}


def test_loops_of_questions_run_on_the_tags_of_the_main_run(engine: Engine, tmp_path: Path) -> None:
    starter_asm.train(tmp_path / "asm", steps=2, seed=3, scenes=8)
    all_loops(engine, tmp_path / f"main-{engine.settings.seed}")
    loops = question_loops(engine, tmp_path, 2, starter=tmp_path / "asm", replayed=4)
    assert [loop["loop"] for loop in loops] == [0, 1, 2]
    assert [loop["asked"] for loop in loops] == [0, engine.budget, engine.budget]
    assert all(0 <= loop["percent"] <= 100 for loop in loops)
