"""Two test processes share the machine: torch keeps to one thread in each."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    from ml import torchvision_compat  # noqa: F401  # before any test file imports timm or transformers

    torch.set_num_threads(1)
