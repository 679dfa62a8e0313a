"""The whole of Algorithm 2 on forty scenes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.learning import rounds
from bench.learning.corpus import VOCABULARY
from bench.learning.fitting import Fit
from bench.learning.rounds import Engine, State, agreed, audited_regions, held_back, loop_zero, next_loop
from bench.learning.targets import Tags, pseudo_tags, sure_tags, with_verdicts


@pytest.fixture(scope="module")
def run(engine: Engine, truths: list[Path]) -> tuple[list[State], list[dict[str, Any]]]:
    """Loops 0 to 2, with the truth's folders out of reach."""
    hidden = [folder.rename(folder.with_name("gone")) for folder in truths]
    try:
        state, figures = loop_zero(engine)
        states, rows = [state], [figures]
        for number in (1, 2):
            # A loop adds to the verdicts it is given: keep those of before.
            verdicts = replace(state.verdicts, **{name: getattr(state.verdicts, name).copy() for name in ARRAYS})
            state, figures = next_loop(engine, replace(state, verdicts=verdicts), number)
            states.append(state)
            rows.append(figures)
    finally:
        for folder in hidden:
            folder.rename(folder.with_name("truth"))
    return states, rows


ARRAYS = ("asked", "accepted", "rejected", "loop")


def test_the_starter_knows_some_things_and_not_all(run: tuple[list[State], list[dict[str, Any]]]) -> None:
    first = run[1][0]
    assert 20 < first["holdout"]["top1"] < 90


def test_people_see_at_most_a_tenth_of_the_regions_in_a_loop(
    engine: Engine, run: tuple[list[State], list[dict[str, Any]]]
) -> None:
    open_regions = int((~engine.corpus.held_out).sum())
    for number in (1, 2):
        asked = int((run[0][-1].verdicts.loop == number).sum())
        assert 0 < run[1][number]["asked"] <= 0.1 * open_regions
        assert asked <= run[1][number]["asked"]


def test_nobody_is_asked_about_the_hold_out_or_audited_regions(
    engine: Engine, run: tuple[list[State], list[dict[str, Any]]]
) -> None:
    asked = run[0][-1].verdicts.asked
    assert asked.any()
    assert not (asked & engine.corpus.held_out).any()
    assert not asked[engine.audit.regions].any()


def test_nothing_learns_from_the_hold_out_or_audited_regions(
    engine: Engine, run: tuple[list[State], list[dict[str, Any]]]
) -> None:
    state = run[0][-1]
    pseudo = sure_tags(state.own, engine.open & ~state.verdicts.asked)
    assert not (agreed(pseudo_tags(engine.corpus, state.own, engine.open), state.own).used & ~engine.open).any()
    used = with_verdicts(pseudo, state.verdicts, ~held_back(engine.corpus, 5)).used
    assert used.any()
    assert not (used & engine.corpus.held_out).any()
    assert not used[engine.audit.regions].any()


def test_regions_that_are_held_back_teach_nothing(
    engine: Engine, run: tuple[list[State], list[dict[str, Any]]]
) -> None:
    verdicts, back = run[0][-1].verdicts, held_back(engine.corpus, 5)
    assert (verdicts.asked & back).any()
    nothing = np.zeros_like(verdicts.accepted)
    machine = Tags(nothing, nothing, np.zeros(len(back), np.float32))
    tags = with_verdicts(machine, verdicts, ~back)
    assert np.array_equal(tags.used, verdicts.asked & ~back)


def test_verdicts_of_earlier_loops_stay(run: tuple[list[State], list[dict[str, Any]]]) -> None:
    one, two = (state.verdicts for state in run[0][1:])
    assert one.asked.sum() < two.asked.sum()
    assert (two.accepted >= one.accepted).all()


def test_the_same_seed_asks_about_the_same_regions(
    engine: Engine, run: tuple[list[State], list[dict[str, Any]]]
) -> None:
    again, _ = next_loop(engine, loop_zero(engine)[0], 1)
    assert np.array_equal(again.verdicts.loop, run[0][1].verdicts.loop)
    assert np.array_equal(audited_regions(engine.corpus, 60, 5), engine.audit.regions)


def test_a_checkpoint_that_loses_to_its_parent_does_not_annotate(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "HELD_BACK", 0.85)  # enough of the few that are asked to tell
    reckless = Fit(steps=3, regions=24, replayed=8, rate=2.0)
    broken = replace(engine, settings=replace(engine.settings, later=reckless))
    before, _ = loop_zero(broken)
    kept = before.probabilities.copy()
    after, figures = next_loop(broken, before, 1)
    assert figures["held_back"]["child"] < figures["held_back"]["parent"]
    assert not figures["held_back"]["annotates"]
    assert np.array_equal(after.probabilities, kept)


def test_the_starters_own_weights_do_not_change(engine: Engine) -> None:
    before = {name: tensor.clone() for name, tensor in engine.starter.state_dict().items()}
    loop_zero(engine)
    assert all(torch.equal(tensor, before[name]) for name, tensor in engine.starter.state_dict().items())


def test_every_candidate_is_a_name_of_the_world() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY) >= 300
