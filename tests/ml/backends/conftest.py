from pathlib import Path

import pytest

from tests.ml.backends.learned import save_asm, save_rclip


@pytest.fixture(scope="session")
def rclip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_rclip(tmp_path_factory.mktemp("rclip") / "loop-1")


@pytest.fixture(scope="session")
def asm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_asm(tmp_path_factory.mktemp("asm") / "loop-1")
