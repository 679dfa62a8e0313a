from pathlib import Path

import pytest

from bench.world.coco import write_world
from bench.world.glyphs import FONT
from bench.world.scenes import Scene, make_scene


@pytest.fixture(scope="session", autouse=True)
def _font() -> None:
    if not FONT.is_file():
        pytest.skip("the emoji font is not here: apt-get install fonts-noto-color-emoji")


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    """Sixty scenes of the corpus."""
    return [make_scene(11, index) for index in range(60)]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A written world of 12 scenes: its folder, and that of its truth, which lies elsewhere."""
    folder, truth = tmp_path_factory.mktemp("world"), tmp_path_factory.mktemp("truth")
    write_world(folder, truth, scenes=12, seed=5, domain="corpus", distractors=0.2)
    return folder, truth
