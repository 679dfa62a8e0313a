import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.importers import json_streams
from annotation.importers.json_streams import TOO_LONG, BadJson, StringGuard, iterate, top_level

texts = st.text(alphabet=st.sampled_from('ab\\"\n€😀NaInfty-{'), max_size=40)


@pytest.fixture(params=[1, 7, 65536])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_streams, "CHUNK", request.param)


@settings(deadline=None)
@given(st.lists(texts, max_size=6), st.booleans(), st.integers(1, 40))
def test_ordinary_json_passes_unchanged_wherever_the_chunks_end(values: list[str], ascii_only: bool, size: int) -> None:
    data = json.dumps([*values, {"numbers": [1, -2.5e7, None, True]}], ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_streams, "CHUNK", size)
        assert StringGuard(io.BytesIO(data)).read() == data


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=6), st.booleans(), st.integers(1, 40), st.integers(0, 12))
def test_cut_strings_are_marked_prefixes_and_the_rest_stays(
    values: list[str], ascii_only: bool, size: int, limit: int
) -> None:
    data = json.dumps(values, ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_streams, "CHUNK", size)
        got = json.loads(StringGuard(io.BytesIO(data), limit).read())
    assert len(got) == len(values)
    for value, kept in zip(values, got, strict=True):
        if kept.endswith(TOO_LONG):
            whole = "".join(letter for letter in kept[:-1] if not 0xD800 <= ord(letter) < 0xE000)
            assert value.startswith(whole)
        else:
            assert kept == value


@pytest.mark.usefixtures("chunk")
def test_nan_and_infinity_become_null_but_not_inside_strings(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [NaN, -Infinity, Infinity, 1], "b": "NaN and Infinity, \\" NaN"}')
    assert list(iterate(path, "")) == [{"a": [None, None, None, 1], "b": 'NaN and Infinity, " NaN'}]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf[1, 2]")
    assert list(iterate(path, "item")) == [1, 2]
    assert top_level(path) == "list"


def test_a_string_of_100_mb_costs_little_memory_and_the_next_item_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.write(b'[{"name": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}, {"name": "next"}]')
    tracemalloc.start()
    lengths = [(len(item["name"]), item["name"][-1:]) for item in iterate(path, "item")]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lengths[0][0] < 9_000_000
    assert lengths[0][1] == TOO_LONG
    assert lengths[1] == (4, "t")
    assert peak < 40_000_000


@pytest.mark.parametrize("data", [b"", b"[1, 2", b'{"a": }', b"[1] 2", b'["\xff\xfe"]', b"\x00\x01", b"nul"])
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(BadJson, match="no valid JSON"):
        json_streams.check(path)


@pytest.mark.parametrize("digits", [4_301, 70_000, 1_000_000])
@pytest.mark.parametrize("form", ["[{}]", "[-{}]", '["a", 1.5, {}]', '{{"a": {{"b": {}}}}}'])
@pytest.mark.parametrize("before", [0, 3, 65_000])
def test_integers_of_thousands_of_digits_are_refused(tmp_path: Path, digits: int, form: str, before: int) -> None:
    """ijson would end the process with a segmentation fault."""
    path = tmp_path / "a.json"
    path.write_text(" " * before + form.format("9" * digits))
    with pytest.raises(BadJson, match="500 digits"):
        json_streams.check(path)


def test_digits_in_a_text_are_no_number(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(["1" * 200_000]))
    assert list(iterate(path, "item")) == ["1" * 200_000]
