"""Sums over many shards are remembered: shortly while the loop runs, until its state changes."""

from typing import Any

import pytest

from annotation.models import LoopState, Stage, StageRun, StageState
from annotation.selectors import statistics
from annotation.selectors.statistics import loop_counts, stage_totals
from tests.factories import make_loops

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop(project: Any) -> Any:
    """With three shards of two photos, done."""
    zero, _one = make_loops(project)
    for shard in range(3):
        add_shard(zero, shard)
    return zero


def add_shard(loop: Any, shard: int) -> None:
    StageRun.objects.create(
        loop=loop, stage=Stage.TAG, shard=shard, image_ids=[1, 2], state=StageState.DONE, counts={"images": 2}
    )


def test_few_shards_are_counted_at_each_look(loop: Any, django_assert_num_queries: Any) -> None:
    for shards in (3, 4):
        with django_assert_num_queries(2):
            assert stage_totals(loop)["tag"].done == shards
            assert loop_counts(loop) == {"tag": {"images": 2 * shards}}
        add_shard(loop, shards)


def test_many_are_remembered_until_the_loop_changes(
    loop: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(statistics, "MANY", 2)
    before = stage_totals(loop), loop_counts(loop)
    add_shard(loop, 3)
    with django_assert_num_queries(0):
        assert (stage_totals(loop), loop_counts(loop)) == before
    loop.state = LoopState.CANCELLED
    assert stage_totals(loop)["tag"].shards == 4
    assert loop_counts(loop) == {"tag": {"images": 8}}


def test_a_loop_without_shards_has_no_totals(project: Any) -> None:
    zero, _one = make_loops(project)
    assert (stage_totals(zero), loop_counts(zero)) == ({}, {})
