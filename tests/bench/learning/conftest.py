"""A world of forty scenes and the shipped starter: the real engine, a few steps of training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.learning.engines import World, build_engine
from bench.learning.fitting import Fit
from bench.learning.rounds import Engine, Settings

SCENES = 40
STEPS = Fit(steps=2, regions=24, replayed=8)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("worlds"), SCENES, seed=5)


@pytest.fixture(scope="session")
def sizes() -> Settings:
    return Settings(loops=2, audited=60, views=2, adapting=STEPS, first=STEPS, later=STEPS, seed=5)


@pytest.fixture(scope="session")
def engine(world: World, sizes: Settings) -> Engine:
    return build_engine(world, sizes, replayed=1)


@pytest.fixture(scope="session")
def truths(engine: Engine, world: World) -> list[Path]:
    """Folders of the truth; the engine has read them."""
    assert engine
    return sorted(world.folder.glob("*/truth"))
