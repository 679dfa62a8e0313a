"""A preference study: nobody is named on the sheet, and answers count only for the key they belong to."""

import csv
import html
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml.evals import preference
from ml.evals.inputs import InputError
from ml.evals.intervals import wilson
from ml.evals.preference_sheets import key_of, make_sheet

CAPTIONS = {
    "human": {1: "a cat", 2: "=1+1 cats", 3: "a dog\u2028runs", "x": ""},
    "asm-seven": {1: "a <b>black</b> cat & more", 2: "two cats", 3: "@dog", "x": "grass"},
    "llava-one": {1: '"a cat"', 2: "- cats", 3: "<script>alert(1)</script>", "x": "sky"},
}


def write_lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def captions_options(folder: Path) -> list[str]:
    options = []
    for system, captions in CAPTIONS.items():
        records = [{"item": item, "caption": caption} for item, caption in captions.items()]
        options += ["--captions", f"{system}={write_lines(folder / f'{system}.jsonl', records)}"]
    return options


def make(folder: Path, *more: str, seed: int = 7) -> int:
    files = ["--out", str(folder / "sheet"), "--key", str(folder / "key.json")]
    return preference.main(["make", *captions_options(folder), "--seed", str(seed), *files, *more])


@pytest.fixture
def study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert make(tmp_path) == 0
    capsys.readouterr()
    return tmp_path


def key(study: Path) -> dict[str, Any]:
    return dict(json.loads((study / "key.json").read_text()))


def filled(study: Path, name: str, wanted: dict[Any, str], **changes: Any) -> Path:
    """Somebody's answers: the system they prefer for each item, as the sheet's CSV with its column filled in."""
    items = {str(item["number"]): item for item in key(study)["items"]}
    rows = list(csv.reader((study / "sheet" / "sheet.csv").read_text().splitlines()))
    for row in rows[1:]:
        item = items[row[1]]
        if item["item"] in wanted:
            row[2] = "ABC"[item["systems"].index(wanted[item["item"]])]
    path = study / name
    with path.open("w", newline="", encoding=changes.get("encoding", "utf-8")) as file:
        csv.writer(file, delimiter=changes.get("delimiter", ",")).writerows(rows)
    return path


def score(capsys: pytest.CaptureFixture[str], study: Path, *answers: Path) -> dict[str, Any]:
    files = ["--key", str(study / "key.json"), "--answers", *map(str, answers)]
    assert preference.main(["score", *files, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_what_people_see_names_nobody_and_is_only_text(study: Path) -> None:
    page = (study / "sheet" / "sheet.html").read_text()
    table = (study / "sheet" / "sheet.csv").read_text()
    for system in CAPTIONS:
        assert system not in page
        assert system not in table
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert page.count("<script>") == 1
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)", page), "a page that loads something"
    for captions in CAPTIONS.values():
        for caption in captions.values():
            assert html.escape(" ".join(caption.split())) in page
    assert page.count('type="radio"') == 12
    assert "(no caption)" in page


def test_no_cell_is_a_formula(study: Path) -> None:
    rows = list(csv.reader((study / "sheet" / "sheet.csv").read_text().splitlines()))
    assert rows[0] == ["sheet", "number", "choice", "A", "B", "C"]
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {"'=1+1 cats", "'- cats", "'@dog"} <= set(cells)


def test_the_key_knows_whose_caption_stands_where(study: Path) -> None:
    rows = list(csv.DictReader((study / "sheet" / "sheet.csv").read_text().splitlines()))
    for row, item in zip(rows, key(study)["items"], strict=True):
        assert row["sheet"] == key(study)["sheet"]
        for letter, system in zip("ABC", item["systems"], strict=True):
            caption = " ".join(CAPTIONS[system][item["item"]].split())
            assert row[letter].lstrip("'") == (caption or "(no caption)")
            assert item["words"]["ABC".index(letter)] == len(caption.split())


def test_the_same_seed_makes_the_same_sheet_whatever_the_order_of_systems() -> None:
    once = make_sheet(CAPTIONS, 7)
    turned = {system: dict(reversed(CAPTIONS[system].items())) for system in reversed(CAPTIONS)}
    assert make_sheet(turned, 7) == once
    assert make_sheet(CAPTIONS, 8).identity != once.identity


def test_every_system_stands_in_every_place_about_equally_often() -> None:
    captions = {name: {item: f"{name} {item}" for item in range(1200)} for name in ("a", "b", "c")}
    places = Counter(
        (place, name) for item in key_of(make_sheet(captions, 1))["items"] for place, name in enumerate(item["systems"])
    )
    for count in places.values():
        low, high = wilson(count, 1200, 0.9999)
        assert low < 1 / 3 < high


def test_rates_and_lengths_by_hand(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ana = filled(study, "ana.csv", {1: "human", 2: "human", 3: "llava-one", "x": "asm-seven"})
    edo = filled(study, "edo.csv", {1: "human", 3: "asm-seven"}, delimiter=";", encoding="utf-8-sig")
    printed = score(capsys, study, ana, edo)
    assert (printed["people"], printed["answers"], printed["unanswered"]) == (2, 6, 2)
    rates = {name: system["rate"] for name, system in printed["systems"].items()}
    assert {name: (rate["hits"], rate["n"]) for name, rate in rates.items()} == {
        "human": (3, 6),
        "asm-seven": (2, 6),
        "llava-one": (1, 6),
    }
    assert (rates["human"]["low"], rates["human"]["high"]) == wilson(3, 6)
    assert printed["systems"]["human"]["words"] == pytest.approx((2 + 2 + 3 + 0) / 4)
    assert score(capsys, study, edo, ana) == printed


@given(st.integers(0, 1000), st.lists(st.sampled_from(sorted(CAPTIONS)), min_size=4, max_size=4))
def test_shares_add_up_to_one(seed: int, chosen: list[str]) -> None:
    sheet = key_of(make_sheet(CAPTIONS, seed))
    systems = {item["number"]: item["systems"] for item in sheet["items"]}
    words = {item["number"]: item["words"] for item in sheet["items"]}
    people = [dict(enumerate(chosen, start=1))]
    result = preference.score(preference.SheetKey(sheet["sheet"], systems, words), people)
    assert sum(system["rate"]["share"] for system in result["systems"].values()) == pytest.approx(1)
    assert {name: system["rate"]["hits"] for name, system in result["systems"].items()} == {
        name: chosen.count(name) for name in CAPTIONS
    }


def test_images_are_inside_the_page_with_their_box(tmp_path: Path) -> None:
    Image.new("RGB", (1600, 400), (0, 0, 255)).save(tmp_path / "photo.png")
    items = [{"item": item, "image": "photo.png", "box": [10, 10, 300, 200]} for item in (1, 2, 3, "x")]
    items[0].pop("box")
    assert make(tmp_path, "--items", str(write_lines(tmp_path / "items.jsonl", items))) == 0
    page = (tmp_path / "sheet" / "sheet.html").read_text()
    assert page.count('src="data:image/jpeg;base64,') == 4
    assert page.count("About the marked region:") == 3
    assert str(tmp_path) not in page
    assert "photo" not in page


def refused(capsys: pytest.CaptureFixture[str], status: int) -> str:
    assert status == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_answers_to_another_sheet_are_refused(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = study / "other"
    other.mkdir()
    assert make(other, seed=8) == 0
    capsys.readouterr()
    foreign = filled(other, "ana.csv", {1: "human"})
    status = preference.main(["score", "--key", str(study / "key.json"), "--answers", str(foreign)])
    assert "line 2: belongs to 'sheet-" in refused(capsys, status)


ANSWER_FILES = {
    "": "the file is empty",
    "a,b\n1,2\n": "lacks the columns sheet, number, choice",
    "sheet,number,choice\nSHEET,9,A\n": "line 2: '9' is no number of the sheet",
    "sheet,number,choice\nSHEET,²,A\n": "line 2: '²' is no number of the sheet",
    "sheet,number,choice\nSHEET,1,A\nSHEET,1,B\n": "line 3: number 1 appears twice",
    "sheet,number,choice\nSHEET,1,D\n": "line 2: choice 'D' is not of A, B, C",
    "sheet,number,choice\nSHEET,1,ABC\n": "line 2: choice 'ABC' is not of A, B, C",
    "sheet,number,choice\nSHEET,1,\n": "no item is answered",
    "sheet,number,choice\nSHEET,1\n": "line 2: has fewer cells",
    'sheet,number,choice\nSHEET,1,"A\n': "not CSV",
}


@pytest.mark.parametrize(("text", "reason"), ANSWER_FILES.items(), ids=range(len(ANSWER_FILES)))
def test_answers_that_do_not_match_are_refused(
    study: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    (study / "ana.csv").write_text(text.replace("SHEET", key(study)["sheet"]))
    status = preference.main(["score", "--key", str(study / "key.json"), "--answers", str(study / "ana.csv")])
    assert reason in refused(capsys, status)


def test_one_person_counts_once(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ana = str(filled(study, "ana.csv", {1: "human"}))
    status = preference.main(["score", "--key", str(study / "key.json"), "--answers", ana, ana])
    assert "a file is given twice" in refused(capsys, status)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "other"}, "not a key of format argus-preference-key-1"),
        ({"items": []}, "'items' is not a list with at least one"),
        ({"items": [{"number": 2}]}, "item 1: does not have its number"),
        ({"items": [{"number": 1, "systems": ["a", "a"], "words": [1, 1]}]}, "must be 2 to 8 different ones"),
        ({"items": [{"number": 1, "systems": ["a", "b"], "words": [1]}]}, "'words' does not count"),
    ],
)
def test_a_key_that_is_none(
    study: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], reason: str
) -> None:
    answers = filled(study, "ana.csv", {1: "human"})
    (study / "key.json").write_text(json.dumps(key(study) | change))
    status = preference.main(["score", "--key", str(study / "key.json"), "--answers", str(answers)])
    assert reason in refused(capsys, status)


def test_the_key_stays_away_from_the_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--seed", "1", "--out", str(tmp_path / "sheet"), "--key", str(tmp_path / "sheet" / "key.json")]
    status = preference.main(["make", *captions_options(tmp_path), *files])
    assert "must not lie in the folder that people get" in refused(capsys, status)
    assert not (tmp_path / "sheet").exists()


def test_nothing_is_written_over(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (study / "key.json").read_bytes()
    assert "exists already" in refused(capsys, make(study, seed=9))
    assert (study / "key.json").read_bytes() == before


def test_captions_that_make_no_sheet() -> None:
    with pytest.raises(InputError, match="1 systems: a sheet compares 2 to 8"):
        make_sheet({"a": {1: "x"}}, 1)
    with pytest.raises(InputError, match="'b' and 'a' do not caption the same items: 2 is in one alone"):
        make_sheet({"a": {1: "x"}, "b": {1: "y", 2: "z"}}, 1)


def test_bad_arguments_and_items_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_lines(tmp_path / "one.jsonl", [{"item": 1, "caption": "a"}])
    twice = write_lines(tmp_path / "twice.jsonl", [{"item": 1, "caption": "a"}] * 2)
    files = ["--seed", "1", "--out", str(tmp_path / "sheet"), "--key", str(tmp_path / "key.json")]

    def problem(*options: str) -> str:
        return refused(capsys, preference.main(["make", *options, *files]))

    assert "SYSTEM=FILE is expected" in problem("--captions", "human")
    assert "'a' is given twice" in problem("--captions", f"a={one}", "--captions", f"a={one}")
    assert "twice.jsonl, line 2: item 1 has a caption already" in problem("--captions", f"a={twice}")
    both = ["--captions", f"a={one}", "--captions", f"b={one}"]
    none = write_lines(tmp_path / "items.jsonl", [{"item": 2, "image": "x.png"}])
    assert "items.jsonl: item 1 has no image" in problem(*both, "--items", str(none))
    gone = write_lines(tmp_path / "gone.jsonl", [{"item": 1, "image": "x.png"}])
    assert "x.png: missing" in problem(*both, "--items", str(gone))
    assert not (tmp_path / "sheet").exists()
