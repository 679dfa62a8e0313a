"""Everything a run of the engine needs, from its sizes: worlds, corpus, starter, people, audits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from bench.world.crowd import Crowd
from bench.world.oracle import Oracle
from bench.world.singles import Singles
from bench.world.starter_clip import channels_last
from ml.checkpoint import load_model
from ml.rclip.model import RClip
from ml.starters import STARTER_CLIP

from .corpus import make_worlds, read_corpus
from .features import REGION_PART, Features
from .people import Annotators, Audit
from .rounds import Engine, Settings, audited_regions

PEOPLE = 20
REPLAYED = 8
"""Pictures of each concept in the starter domain, for the replay."""


@dataclass(frozen=True, slots=True)
class World:
    """scenes: pictures of corpus and hold-out together; folder: where they are written, or found again."""

    folder: Path
    scenes: int
    seed: int


def build_engine(
    world: World, settings: Settings, *, starter: Path = STARTER_CLIP, overlap: int = 1, replayed: int = REPLAYED
) -> Engine:
    """Writes the world where it is missing. The truth goes to the oracle, pictures and boxes go to the corpus."""
    model = channels_last(cast(RClip, load_model(starter, overrides=REGION_PART)))
    worlds = make_worlds(world.folder, scenes=world.scenes, seed=world.seed)
    corpus = read_corpus([pictures for pictures, _ in worlds], crop_side=model.preprocessing.image_size[0])
    features = Features.of(model, corpus, views=settings.views, seed=settings.seed, device=settings.device)
    oracle = joint_oracle([truth for _, truth in worlds])
    people = [f"annotator {number}" for number in range(PEOPLE)]
    annotators = Annotators(Crowd(oracle, people, seed=world.seed), corpus, overlap, world.seed)
    audited = audited_regions(corpus, settings.audited, settings.seed)
    return Engine(
        corpus, features, model, Singles.render(replayed, 2), annotators, Audit(oracle, corpus, audited),
        Audit(oracle, corpus, np.flatnonzero(corpus.held_out)), settings,
    )  # fmt: skip


def joint_oracle(truths: list[Path]) -> Oracle:
    """One oracle of several worlds, whose pictures have different names."""
    single = [Oracle.of_folder(truth) for truth in truths]
    return Oracle(oracle.scene(image) for oracle in single for image in oracle.images)
