"""bench.gpu with tiny models on the CPU: its counting is checked, its parts run, and what is missing is said."""

import json
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from bench import gpu
from bench.training_shares import Step, compile_layers, median_seconds, operations, rclip_step

CPU = torch.device("cpu")


class TwoLayers(torch.nn.Module):
    """Two products whose operations can be counted by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Linear(8, 16), torch.nn.Linear(16, 4)


class Task:
    """An objective of a separable kind over a (32, 8) batch."""

    def __init__(self) -> None:
        self.objectives = {"count": self}

    def size(self, batch):
        return 32.0

    def loss(self, model, batch):
        from ml.training.tasks import LossParts

        return LossParts(model.second(model.first(batch["x"])).sum())


def test_operations_are_those_of_forward_and_backward() -> None:
    model = TwoLayers()
    step = Step(Task(), model, "count", {"x": torch.randn(32, 8)}, torch.optim.AdamW(model.parameters()), CPU)
    forward = 2 * 32 * 8 * 16 + 2 * 32 * 16 * 4
    to_weights, to_inputs = forward, 2 * 32 * 16 * 4  # nothing needs the gradient of the batch itself
    assert operations(step) == forward + to_weights + to_inputs
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_step_changes_what_learns() -> None:
    step = rclip_step("tiny", CPU, images=2)
    before = {name: parameter.clone() for name, parameter in step.model.named_parameters()}
    step()
    moved = [name for name, parameter in step.model.named_parameters() if not torch.equal(parameter, before[name])]
    assert any("visual" in name for name in moved)
    assert any("transformer" in name for name in moved)
    assert compile_layers(step.model) == 3  # two of the image side, one of the text side


def test_rounds_that_warm_up_do_not_count() -> None:
    ran: list[int] = []
    assert median_seconds(lambda: ran.append(1), CPU, 3) >= 0
    assert len(ran) == 5


def test_everything_runs_with_tiny_models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Few(gpu.Sizes):
        """Another bench in the place of those of models, which have tests of their own."""

        def __init__(self, device: str, *, quick: bool) -> None:
            super().__init__(device, quick=quick)
            assert {"rclip_step", "region_scoring", "asm_generate"} == set(self.benches)
            self.benches = {"merge": ["--photos", "1", "--json"], "no_such_bench": []}

    monkeypatch.setattr(gpu, "Sizes", Few)
    assert gpu.main(["--device", "cpu", "--quick", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    figures = result["figures"]
    assert result["short"] == []  # tiny models have no goals
    assert figures["rclip_images"] == 2
    assert figures["rclip_share_of_matrix_rate"] > 0
    assert figures["asm_tera_operations_per_step"] > 0
    assert figures["benches"]["merge"]["regions_per_image"] > 300
    assert list(figures["not_run"]) == ["no_such_bench"]
    assert "No module named bench.no_such_bench" in figures["not_run"]["no_such_bench"]


def test_a_goal_that_was_not_measured_counts_as_short() -> None:
    from bench.reporting import shortfalls

    assert shortfalls({"rclip_share_of_matrix_rate": 0.41}, gpu.GOALS) == [
        "ratio_to_open_clip",
        "speedup_over_crops",
        "asm_speedup_batched",
    ]


def test_a_part_that_cannot_run_says_why() -> None:
    def lacks() -> dict:
        raise ModuleNotFoundError("No module named 'open_clip'", name="open_clip")

    def too_large() -> dict:
        raise torch.OutOfMemoryError("CUDA out of memory.\n Tried to allocate 80 GiB")

    assert gpu.attempt(lacks) == ({}, "the package open_clip is not installed here")
    assert gpu.attempt(too_large) == ({}, "OutOfMemoryError: CUDA out of memory. Tried to allocate 80 GiB")


def test_a_bench_that_takes_too_long_is_ended() -> None:
    with pytest.raises(RuntimeError, match="it took more than the 0 s that were left"):
        gpu.run_bench("merge", ["--photos", "100000"], 0.3)


def test_without_a_cuda_device_it_ends_with_2_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as ended:
        gpu.main([])
    assert ended.value.code == 2
    assert "torch finds no CUDA device here; --device cpu --quick" in capsys.readouterr().err


def test_wheels_are_made_importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "brought-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("brought_along.py", "value = 41")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    gpu.unpack_wheels(tmp_path, tmp_path / "unpacked")
    import brought_along  # type: ignore[import-not-found]

    assert brought_along.value == 41
    with pytest.raises(ValueError, match="there is no wheel in it"):
        gpu.unpack_wheels(tmp_path / "unpacked", tmp_path)
