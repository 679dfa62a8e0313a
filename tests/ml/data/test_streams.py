"""The order of lines: every one once an epoch, seeded, entered anywhere, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.batches import shares
from ml.data.streams import Stream
from ml.data.surveys import ManifestError, Survey, survey
from tests.ml.data.records import align, generate, write


def surveyed(*paths: Path) -> Survey:
    return survey(paths, ("align",), lambda _: None)


def images(stream: Stream, start: int, stop: int) -> list[str]:
    return [json.loads(stream.place(number).text)["image"] for number in range(start, stop)]


Open = Callable[..., Stream]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes streams that are closed in the end."""
    with ExitStack() as streams:
        yield lambda *arguments, **named: streams.enter_context(closing(Stream(*arguments, **named)))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """20,000 lines: more than one window."""
    path = tmp_path_factory.mktemp("long") / "m.jsonl"
    return surveyed(write(path, (align(number) for number in range(20_000))))


def test_an_epoch_has_every_line_once_in_another_order_each_time(long: Survey, opened: Open) -> None:
    stream = opened(long, "align", seed=1)
    first, second = images(stream, 0, 20_000), images(stream, 20_000, 40_000)
    assert sorted(first) == sorted(second) == sorted(f"{number}.png" for number in range(20_000))
    assert first != second
    assert first != sorted(first, key=lambda name: int(name.split(".")[0]))
    assert stream.place(19_999).epoch == 0
    assert stream.place(20_000).epoch == 1


def test_the_order_is_well_mixed(long: Survey, opened: Open) -> None:
    """A batch of 256 comes from many blocks, and follows no order of the file."""
    stream = opened(long, "align", seed=1)
    numbers = [stream.place(number).line for number in range(256)]
    assert len({number // 256 for number in numbers}) > 40
    rising = sum(before < after for before, after in pairwise(numbers))
    assert 90 < rising < 165


def test_the_order_depends_on_the_seed_alone(long: Survey, opened: Open) -> None:
    again = images(opened(long, "align", seed=1), 0, 300)
    assert images(opened(long, "align", seed=1), 0, 300) == again
    assert images(opened(long, "align", seed=2), 0, 300) != again


@given(st.lists(st.integers(0, 59_999), min_size=1, max_size=4))
@settings(max_examples=4, deadline=None)
def test_any_place_can_be_entered_directly(long: Survey, numbers: list[int]) -> None:
    with closing(Stream(long, "align", seed=3)) as walked:
        for number in numbers:
            with closing(Stream(long, "align", seed=3)) as entered:
                assert walked.place(number) == entered.place(number)


def test_a_broken_line_leaves_all_others_in_their_places(tmp_path: Path, opened: Open) -> None:
    lines = [align(number) for number in range(700)]
    whole = opened(surveyed(write(tmp_path / "whole.jsonl", lines)), "align", seed=5)
    broken = opened(
        surveyed(write(tmp_path / "broken.jsonl", [*lines[:300], "x" * 1000, *lines[301:]])), "align", seed=5
    )
    for number in range(1400):
        before, after = whole.place(number), broken.place(number)
        assert (before.epoch, before.line) == (after.epoch, after.line)
        assert before.text == after.text or before.line == 301


def test_kinds_are_separate_streams_of_one_manifest(tmp_path: Path, opened: Open) -> None:
    path = write(tmp_path / "m.jsonl", [kind(number) for number in range(300) for kind in (align, generate)])
    found = survey([path], ("align", "generate"), pytest.fail)
    for kind in ("align", "generate"):
        stream = opened(found, kind, seed=0)
        texts = [json.loads(stream.place(number).text) for number in range(stream.total)]
        assert {text["task"] for text in texts} == {kind}
        assert len({text["image"] for text in texts}) == 300


def test_lines_of_several_manifests_are_mixed(tmp_path: Path, opened: Open) -> None:
    one = write(tmp_path / "one.jsonl", [align(number) for number in range(1000)])
    two = write(tmp_path / "two.jsonl", [align(number) for number in range(1000, 2000)])
    stream = opened(surveyed(one, two), "align", seed=0)
    files = Counter(stream.place(number).file for number in range(200))
    assert min(files[0], files[1]) > 60


def test_a_manifest_that_is_written_to_under_way_is_noticed_and_one_replaced_is_read_on(
    tmp_path: Path, opened: Open
) -> None:
    path = write(tmp_path / "m.jsonl", [align(number) for number in range(3)])
    stream = opened(surveyed(path), "align", seed=0)
    before = stream.place(0)
    path.rename(tmp_path / "old.jsonl")
    write(path, [align(9)])
    assert stream.place(0) == before
    with (tmp_path / "old.jsonl").open("r+") as file:
        file.write("garbage")
    with pytest.raises(ManifestError, match="changed during training"):
        stream.place(0)


def test_a_manifest_that_changes_before_it_is_opened_is_noticed(tmp_path: Path, opened: Open) -> None:
    path = write(tmp_path / "m.jsonl", [align(number) for number in range(3)])
    stream = opened(surveyed(path), "align", seed=0)
    write(path, [align(number) for number in range(4)])
    with pytest.raises(ManifestError, match=r"m\.jsonl changed during training"):
        stream.place(0)


@given(st.integers(1, 7), st.integers(1, 40), st.integers(1, 12), st.integers(0, 5))
def test_processes_and_micro_batches_share_a_step_without_overlap_or_loss(
    processes: int, batch: int, micro: int, step: int
) -> None:
    works = [work for rank in range(processes) for work in shares("align", step, batch, micro, rank, processes)]
    numbers = [number for work in works for number in range(work.start, work.stop)]
    assert numbers == list(range(step * batch, (step + 1) * batch))
    assert all(0 < work.stop - work.start <= micro for work in works)


MEASURE = """
import resource, sys
from pathlib import Path
from ml.data.streams import Stream
from ml.data.surveys import survey
found = survey([Path(sys.argv[1])], ("align",), print)
stream = Stream(found, "align", seed=0)
for number in range(0, stream.total, stream.total // 100):
    stream.place(number)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_a_long_manifest_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    """Peak resident memory in MiB of survey and reading; one of the lines is 100 MB long in the long one."""
    peaks = []
    for name, lines in (("short", 1_000), ("long", 200_000)):
        path = write(tmp_path / f"{name}.jsonl", (align(number) for number in range(lines)))
        if name == "long":
            with path.open("a") as file:
                for _ in range(100):
                    file.write("x" * 1_000_000)
        run = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
        peaks.append(int(run.stdout.split()[-1]))
    assert peaks[1] - peaks[0] < 24, peaks
