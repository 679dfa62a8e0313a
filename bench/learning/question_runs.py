"""The loop's other half: answers of an ASM, judged and corrected by people, learned, given again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.world.conversations import Conversation, fit_conversations
from bench.world.starter_asm import small, starter_lessons
from ml.asm.model import ASM
from ml.checkpoint import load_model
from ml.starters import STARTER_ASM

from .answering import answered, ask, quality, taught
from .corpus import Corpus, Ints
from .rounds import Engine
from .runs import main_engine, main_run
from .sizes import Sizes
from .storage import read_state, remembered

EACH: Final = 2
"""Questions about a region."""

AUDITED: Final = 1000
"""Regions on whose questions every loop is measured: 2,000 pairs."""

RATE: Final = 5e-4

REPLAYED: Final = 500
"""Pictures of the starter domain that are learned beside the lessons: an ASM that is only told of wrong tags and wrong
answers forgets how to answer."""


def question_run(
    out: Path, sizes: Sizes, *, seed: int, device: str, await_loop: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Loops 0 to 3 of questions, about the tags that the main run's loops gave.

    await_loop: returns when that loop of the main run is on disk; without it the main run is run first.
    """
    if await_loop is None:
        main_run(out, sizes, seed=seed, device=device)
    else:
        await_loop(0)
    engine = main_engine(out, sizes, seed=seed, device=device, features=False)

    def loops_of_questions() -> dict[str, Any]:
        return {"loops": question_loops(engine, out, sizes.questions, await_loop=await_loop)}

    found = remembered(out / f"questions-{seed}.json", loops_of_questions)
    loops = found["loops"]
    for loop in loops:
        print(f"questions, loop {loop['loop']}: {loop}", file=sys.stderr)
    return {
        "question_loops": loops, "loop0_answers": loops[0]["percent"], "loop3_answers": loops[-1]["percent"],
    }  # fmt: skip


def question_loops(
    engine: Engine,
    out: Path,
    steps: int,
    *,
    starter: Path = STARTER_ASM,
    replayed: int = REPLAYED,
    await_loop: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """People see the questions of a tenth of the regions in a loop; audited regions and the hold-out never."""
    settings, corpus = engine.settings, engine.corpus
    model = cast(ASM, load_model(starter))
    audited = engine.audit.regions[:AUDITED]
    pictures, replay = _pictures(corpus, replayed, settings.seed)
    lessons: list[Conversation] = []
    never = np.flatnonzero(engine.open)
    loops = []
    first = _first_tags(out, settings.seed, 0)
    for number in range(settings.loops + 1):
        started = time.perf_counter()
        seen, corrected = 0, 0
        if number:
            chosen = _drawn(never, engine.budget, settings.seed, number)
            never = np.setdiff1d(never, chosen)
            answers = answered(model, corpus, ask(chosen, first, EACH, settings.seed), settings.device)
            new, corrected = taught(engine.annotators.crowd, corpus, answers, settings.seed + number)
            lessons += new
            seen = len(chosen)
            losses = fit_conversations(
                model, pictures, lessons + replay, steps=steps, rate=RATE, seed=settings.seed + number,
                device=settings.device,
            )  # fmt: skip
            loss = list(losses)[-1]
            print(f"questions, loop {number}: last loss {loss:.3f}", file=sys.stderr, flush=True)
            if await_loop:
                await_loop(number)
            first = _first_tags(out, settings.seed, number)
        given = answered(model, corpus, ask(audited, first, EACH, settings.seed), settings.device)
        measured = quality(engine.audit.oracle, corpus, given)
        seconds = round(time.perf_counter() - started, 1)
        loops.append({"loop": number, **measured, "asked": seen, "corrected": corrected, "seconds": seconds})
        print(f"questions, loop {number}: {loops[-1]}", file=sys.stderr, flush=True)
    return loops


def _pictures(corpus: Corpus, replayed: int, seed: int) -> tuple[npt.NDArray[np.uint8], list[Conversation]]:
    """Those of the corpus, then `replayed` of the starter domain with what is said about them."""
    own = np.stack([small(Image.fromarray(picture)) for picture in corpus.images])
    pictures, conversations = starter_lessons(replayed, seed)
    moved = [replace(one, picture=one.picture + len(own)) for one in conversations]
    return np.concatenate([own, pictures]), moved


def _first_tags(out: Path, seed: int, number: int) -> Ints:
    state = read_state(out / f"main-{seed}" / f"loop-{number}")
    first: Ints = state.probabilities.argmax(1)
    return first


def _drawn(places: Ints, count: int, seed: int, number: int) -> Ints:
    random = np.random.default_rng([seed, number, 61])
    return np.sort(random.choice(places, min(count, len(places)), replace=False))
