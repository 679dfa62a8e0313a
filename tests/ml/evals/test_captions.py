"""Caption metrics equal published figures and a count by hand; what cannot run says so."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from ml.evals import captions, java_tools
from ml.evals.caption_files import Captions
from ml.evals.inputs import InputError

DATA = Path(__file__).parent / "data" / "captions"
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="METEOR and the PTB tokenizer need Java")

# Maluuba/nlg-eval's README for examples/hyp.txt with ref1.txt and ref2.txt.
NLG_EVAL = {
    "Bleu_1": 0.550000, "Bleu_2": 0.428174, "Bleu_3": 0.284043, "Bleu_4": 0.201143,
    "METEOR": 0.295797, "ROUGE_L": 0.522104, "CIDEr": 1.242192,
}  # fmt: skip


def written(folder: Path, name: str, content: Any) -> str:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return str(folder / name)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert captions.main([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


@needs_java
def test_the_seven_figures_that_nlg_eval_publishes(capsys: pytest.CaptureFixture[str]) -> None:
    folder = DATA / "nlg_eval"
    references = ["--reference-texts", f"{folder}/ref1.txt", f"{folder}/ref2.txt"]
    printed = run(capsys, *references, "--texts", f"{folder}/hyp.txt")
    assert {name: round(printed[name], 6) for name in NLG_EVAL} == NLG_EVAL
    assert printed["counts"]["captions"] == 2
    assert printed["counts"]["references"] == 4


@needs_java
def test_coco_captions_score_as_coco_eval_cap_scored_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = json.loads((DATA / "reference_scores.json").read_text())
    annotations = [
        {"image_id": int(image), "id": 10 * int(image) + place, "caption": text}
        for image, texts in stored["references"].items()
        for place, text in enumerate(texts)
    ]
    results = [{"image_id": int(image), "caption": stored["hypotheses"][str(image)]} for image in stored["image_ids"]]
    files = ["--references", written(tmp_path, "references.json", {"annotations": annotations})]
    files += ["--results", written(tmp_path, "results.json", results)]
    printed = run(capsys, *files, "--per-item")
    for name, value in stored["corpus"].items():
        assert printed[name] == pytest.approx(value, abs=1e-9), name
    for name, values in stored["per_image"].items():
        mine = [printed["items"][str(image)][name] for image in stored["image_ids"]]
        assert mine == pytest.approx(values, abs=1e-9), name


@needs_java
def test_the_published_caption_file(test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = test_data / "captions"
    files = ["--references", f"{folder}/captions_val2017.json"]
    files += ["--results", f"{folder}/captions_val2014_fakecap_results.cococaption.json"]
    stored = json.loads((DATA / "reference_scores.json").read_text())["corpus"]
    printed = run(capsys, *files, "--only-common", "--metrics", "bleu,rouge,cider")
    for name in ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "CIDEr"):
        assert printed[name] == pytest.approx(stored[name], abs=1e-9)
    assert printed["counts"] == {
        "captions": 126,
        "references": 631,
        "without_caption": 5000 - 126,
        "without_reference": 1000 - 126,
    }
    assert captions.main(files) == 2
    assert "image 404464 has no reference in" in capsys.readouterr().err


@needs_java
def test_the_tokenizer_keeps_every_text_on_its_line() -> None:
    texts = ["A café; naïve\u2028line\r\nbreak!", "", "A dog's 3,000 bones...", "日本", " \t", ""]
    assert java_tools.tokenized(texts) == ["a café naïve line break", "", "a dog 's 3,000 bones", "日本", "", ""]


@needs_java
def test_odd_captions_are_scored_like_any_other() -> None:
    texts = Captions({1: ["a dog"], 2: ["x ||| y"], 3: ["ein café"]}, {1: "", 2: "|||", 3: "ein\u2028café"})
    figures = captions.score(texts, ["meteor", "rouge"])["items"]
    assert figures["1"] == {"METEOR": 0, "ROUGE_L": 0}
    assert figures["2"] == {"METEOR": 0, "ROUGE_L": 0}
    assert figures["3"] == {"METEOR": 1, "ROUGE_L": 1}


@needs_java
def test_a_scorer_that_dies_is_an_error_and_not_kept() -> None:
    texts = Captions({1: ["a dog"]}, {1: "a dog"})
    java_tools.meteor().meteor_p.kill()
    with pytest.raises(InputError, match="METEOR failed"):
        captions.score(texts, ["meteor"])
    assert java_tools.meteor.cache_info().currsize == 0


def test_bleu_and_rouge_by_hand() -> None:
    texts = Captions({"a": ["the cat sat on the mat"]}, {"a": "the cat the mat"})
    figures = captions.score(texts, ["bleu", "rouge"], tokenizer="none")["corpus"]
    brevity = math.exp(1 - 6 / 4)
    assert figures["Bleu_1"] == pytest.approx(brevity)
    # Two of the three pairs of words are in the reference.
    assert figures["Bleu_2"] == pytest.approx(brevity * math.sqrt(2 / 3))
    precision, recall = 1.0, 4 / 6  # the longest common subsequence is the caption
    beta = 1.2**2
    assert figures["ROUGE_L"] == pytest.approx((1 + beta) * precision * recall / (recall + beta * precision))


def test_the_order_of_images_does_not_matter() -> None:
    stored = json.loads((DATA / "reference_scores.json").read_text())
    keys = list(stored["hypotheses"])[:40]

    def figures(order: list[str]) -> dict[str, Any]:
        texts = Captions({k: stored["references"][k] for k in keys}, {k: stored["hypotheses"][k] for k in order})
        return captions.score(texts, ["bleu", "rouge", "cider"], tokenizer="none")

    once, again = figures(keys), figures(keys[::-1])
    assert again["corpus"] == pytest.approx(once["corpus"])
    for key in keys:
        assert again["items"][key] == pytest.approx(once["items"][key])


def test_without_java_the_other_metrics_still_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if java_tools.meteor.cache_info().currsize:
        java_tools.forget_meteor()
    folder = DATA / "nlg_eval"
    files = ["--reference-texts", f"{folder}/ref1.txt", f"{folder}/ref2.txt", "--texts", f"{folder}/hyp.txt"]
    assert captions.main(files) == 2
    assert "need Java, and no 'java' is on the PATH" in capsys.readouterr().err
    assert captions.main([*files, "--metrics", "bleu", "--tokenizer", "ptb"]) == 2
    assert "--tokenizer none" in capsys.readouterr().err
    printed = run(capsys, *files, "--metrics", "bleu,rouge,cider")
    assert {name: round(printed[name], 6) for name in NLG_EVAL if name in printed} == {
        name: value for name, value in NLG_EVAL.items() if name != "METEOR"
    }


def test_spice_names_the_files_it_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(java_tools, "package_folder", lambda part: tmp_path / part)
    files = ["--reference-texts", f"{DATA}/nlg_eval/ref1.txt", "--texts", f"{DATA}/nlg_eval/hyp.txt"]
    assert captions.main([*files, "--metrics", "spice"]) == 2
    problem = capsys.readouterr().err
    for name in java_tools.SPICE_FILES:
        assert str(tmp_path / "spice" / name) in problem
    for name in java_tools.SPICE_FILES:
        path = tmp_path / "spice" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [name for name in java_tools.missing_for_spice() if name != "java"] == []


def test_a_metric_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--reference-texts", f"{DATA}/nlg_eval/ref1.txt", "--texts", f"{DATA}/nlg_eval/hyp.txt"]
    assert captions.main([*files, "--metrics", "bleu,luck"]) == 2
    assert "'luck' is not of bleu" in capsys.readouterr().err


ONE = {"annotations": [{"image_id": 1, "id": 5, "caption": "a cat"}]}


@pytest.mark.parametrize(
    ("references", "results", "reason"),
    [
        (ONE, [], "results.json: holds no records"),
        (ONE, "", "results.json: the file is empty"),
        (ONE, [{"image_id": 2, "caption": "a dog"}], "record 0: image 2 has no reference in"),
        (ONE, [{"image_id": 1, "caption": "a"}] * 2, "record 1: image 1 has a caption already"),
        (ONE, [{"image_id": 1, "caption": 5}], "record 0: 'caption' is a number (5), not text"),
        (ONE, [{"caption": "a dog"}], "record 0: lacks 'image_id'"),
        ({"annotations": []}, [{"image_id": 1, "caption": "a"}], "references.json: 'annotations' is not a list"),
        (
            {"annotations": ONE["annotations"] * 2},
            [{"image_id": 1, "caption": "a"}],
            "annotations[1]: id 5 appears twice",
        ),
        ([], [{"image_id": 1, "caption": "a"}], "references.json: an object with annotations"),
    ],
)
def test_files_that_cannot_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], references: Any, results: Any, reason: str
) -> None:
    files = ["--references", written(tmp_path, "references.json", references)]
    files += ["--results", written(tmp_path, "results.json", results)]
    assert captions.main([*files, "--metrics", "bleu", "--tokenizer", "none"]) == 2
    assert reason in capsys.readouterr().err


def test_text_files_have_as_many_lines_as_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        "--reference-texts",
        written(tmp_path, "r.txt", "a\nb\nc\n"),
        "--texts",
        written(tmp_path, "t.txt", "a\nb\n"),
    ]
    assert captions.main(files) == 2
    assert "r.txt: 3 lines for the 2 captions of" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["--texts", "a"], ["--references", "a"], ["--references", "a", "--texts", "b"]]
)
def test_half_a_comparison_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        captions.main(arguments)
    assert stopped.value.code == 2
