"""Top-1 and top-5 of ranked tags, by hand."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evals import inputs, tags
from ml.evals.intervals import wilson
from ml.evals.size_classes import SIZE_CLASSES, size_class
from ml.evals.tags import RankedTags

REGIONS: list[dict[str, Any]] = [
    {"region": 1, "ranked": ["cat", "dog"], "truth": ["Cat "], "box": [0, 0, 19, 19], "group": "frequent"},
    {"region": 2, "ranked": ["dog", "cat"], "truth": ["cat"], "box": [0, 0, 20, 20], "group": "rare"},
    {"region": 3, "ranked": list("abcdef"), "truth": ["f"], "box": [0, 0, 500, 500], "group": "rare"},
    {"region": "x", "ranked": ["Straße"], "truth": ["strasse", "road"]},
]


def lines(folder: Path, *records: Any) -> list[str]:
    path = folder / "tags.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records) + "\n")
    return ["--tags", str(path)]


def test_four_regions_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tags.main([*lines(tmp_path, *REGIONS), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    low, high = wilson(2, 4)
    assert printed["top1"] == {"share": 0.5, "low": low, "high": high, "hits": 2, "n": 4}
    assert printed["top5"]["hits"] == 3
    assert list(printed["by_size"]) == ["tiny", "small", "huge"]
    assert [printed["by_size"][name]["top1"]["hits"] for name in ("tiny", "small", "huge")] == [1, 0, 0]
    assert printed["by_group"]["rare"]["top5"] == {**printed["by_group"]["rare"]["top5"], "hits": 1, "n": 2}


def test_lower_bounds_of_size_classes_are_inclusive() -> None:
    sides = {"tiny": 19.99, "small": 20, "medium": 40, "large": 100, "xlarge": 200, "huge": 500}
    assert list(sides) == list(SIZE_CLASSES)
    for (name, side), below in zip(sides.items(), ["tiny", *sides], strict=False):
        assert size_class((5, 5, 5 + side, 5 + side)) == name
        assert size_class((0, 0, side * 0.999, side)) == below


regions = st.builds(
    RankedTags,
    ranked=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=7, unique=True),
    truth=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=2),
    group=st.sampled_from([None, "one", "two"]),
)


@given(st.lists(regions, min_size=1, max_size=20), st.randoms())
def test_order_is_nothing_and_top_five_has_top_one(given: list[RankedTags], draw: random.Random) -> None:
    once = tags.score(given)
    assert tags.score(draw.sample(given, len(given))) == once
    assert once["top1"]["hits"] <= once["top5"]["hits"] <= once["top1"]["n"] == len(given)
    assert once["top5"]["hits"] == sum(bool(set(region.ranked[:5]) & set(region.truth)) for region in given)
    grouped = sum(share["top1"]["n"] for share in once["by_group"].values())
    assert grouped == sum(region.group is not None for region in given)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: an object is expected, not a list"),
        (b"\xff".decode("latin1"), "line 2: not"),
        ({"ranked": ["a"], "truth": ["a"]}, "line 2: lacks 'region'"),
        ({**REGIONS[0]}, "line 2: region 1 appears twice"),
        ({**REGIONS[1], "truth": []}, "line 2: 'truth' is not a list of texts with at least one"),
        ({**REGIONS[1], "ranked": [3]}, "line 2: 'ranked' is not a list of texts"),
        ({**REGIONS[1], "box": [5, 0, 1, 1]}, "line 2: 'box' [5, 0, 1, 1] is inverted or empty"),
        ({**REGIONS[1], "box": [0, 0, float("nan"), 1]}, "line 2: 'box' holds nan"),
        ({**REGIONS[1], "region": True}, "line 2: 'region' is true or false"),
    ],
)
def test_a_line_that_cannot_be_scored_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: Any, reason: str
) -> None:
    assert tags.main(lines(tmp_path, REGIONS[0], line)) == 2
    assert reason in capsys.readouterr().err


def test_an_empty_file_and_none_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tags.main(lines(tmp_path, "", " ")) == 2
    assert "tags.jsonl: the file is empty" in capsys.readouterr().err
    assert tags.main(["--tags", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_line_of_a_hundred_megabytes_is_not_read_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tags.jsonl"
    with path.open("wb") as file:
        file.write(json.dumps(REGIONS[0]).encode() + b"\n")
        file.truncate(100 * 2**20)  # zeros, without room on the disk
    assert tags.main(["--tags", str(path)]) == 2
    assert f"line 2: longer than {inputs.MAX_LINE_BYTES} bytes" in capsys.readouterr().err
