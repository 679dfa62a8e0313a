"""Rows of all processes on every process: real processes, real gradients."""

import pytest
import torch
from torch import Tensor

from ml.gathering import gathered_rows, gathered_values, place, summed

from .processes import in_processes

COUNTS = (3, 2)
NOTHING = (0, 2)


def task() -> dict[str, Tensor]:
    rank, count = place()
    own = COUNTS[rank]
    rows = (torch.arange(own * 2.0).view(own, 2) + 10 * rank).requires_grad_()
    gathered = gathered_rows(rows, COUNTS)
    (gathered * (rank + 1) * torch.arange(1.0, 6.0)[:, None]).sum().backward()
    assert rows.grad is not None
    few = torch.ones(NOTHING[rank], 2, requires_grad=rank == 1)
    gathered_rows(few, NOTHING).sum().backward()  # one that did not take part would make the other wait for ever
    return {
        "rows": gathered.detach(),
        "gradient": rows.grad,
        "few": few if few.grad is None else few.grad,
        "values": torch.tensor(gathered_values(rank * 7)),
        "sum": summed(rows.detach().sum()),
        "place": torch.tensor([rank, count]),
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    return in_processes(2, task, tmp_path_factory.mktemp("processes"))


def test_every_process_has_the_rows_of_all_in_order_of_rank(results: list[dict[str, Tensor]]) -> None:
    expected = torch.tensor([[0.0, 1], [2, 3], [4, 5], [10, 11], [12, 13]])
    assert all(torch.equal(result["rows"], expected) for result in results)


def test_a_gradient_is_the_sum_of_what_all_processes_have_for_the_row(results: list[dict[str, Tensor]]) -> None:
    everybody = 1.0 + 2.0
    assert results[0]["gradient"].tolist() == [[everybody * row] * 2 for row in (1, 2, 3)]
    assert results[1]["gradient"].tolist() == [[everybody * row] * 2 for row in (4, 5)]


def test_a_process_without_rows_takes_part(results: list[dict[str, Tensor]]) -> None:
    assert results[0]["few"].shape == (0, 2)
    assert results[1]["few"].tolist() == [[2.0, 2.0]] * 2


def test_values_and_sums_are_the_same_everywhere(results: list[dict[str, Tensor]]) -> None:
    for rank, result in enumerate(results):
        assert result["place"].tolist() == [rank, 2]
        assert result["values"].tolist() == [0, 7]
        assert result["sum"].item() == 15 + 46


def test_alone_nothing_is_gathered() -> None:
    rows = torch.ones(2, 3)
    assert place() == (0, 1)
    assert gathered_values("own") == ["own"]
    assert gathered_rows(rows, [2]) is rows
    assert summed(rows.sum()).item() == 6
