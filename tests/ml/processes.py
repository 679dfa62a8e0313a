"""Real processes in a gloo group, and what they return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, distributed

from tests.ml.training.conftest import processes

Task = Callable[..., dict[str, Tensor]]


def in_processes(count: int, task: Task, folder: Path, *arguments: object) -> list[dict[str, Tensor]]:
    """What `task(*arguments)` returns in each of `count` processes, in order of rank."""
    started = [
        processes.Process(target=_run, args=(rank, count, task, str(folder), arguments), daemon=True)
        for rank in range(count)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        assert process.exitcode == 0, f"a process ended with {process.exitcode}; None: it hangs"
    return [load_file(folder / f"{rank}.safetensors") for rank in range(count)]


def _run(rank: int, count: int, task: Task, folder: str, arguments: tuple[object, ...]) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/group", rank=rank, world_size=count)
    try:
        save_file(task(*arguments), f"{folder}/{rank}.safetensors")
    finally:
        distributed.destroy_process_group()
