import subprocess
import sys

import pytest
import torch

from ml import torchvision_compat


def test_torchvision_can_be_imported_after_it() -> None:
    code = "import ml.torchvision_compat, torchvision; print('imported')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "imported", done.stderr


def test_native_says_whether_torchvisions_own_operators_run() -> None:
    boxes = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2], [5, 5, 7, 7]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    if torchvision_compat.NATIVE:
        assert torch.ops.torchvision.nms(boxes, scores, 0.5).tolist() == [0, 2]
    else:
        with pytest.raises(NotImplementedError, match="torchvision::nms"):
            torch.ops.torchvision.nms(boxes, scores, 0.5)


def test_declaring_twice_is_harmless() -> None:
    if not torchvision_compat.NATIVE:
        assert torchvision_compat.declare_missing_operators() is not None
