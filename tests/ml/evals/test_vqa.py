"""VQA score and GQA accuracy, by hand and against the published loop."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evals import vqa
from ml.evals.answers import normalised, without_punctuation


def test_ten_answers_by_hand() -> None:
    human = ["dog"] * 3 + ["cat"] * 2 + ["bird"] + ["fish"] * 4
    # Leaving out one of the three dogs leaves two: 2/3; leaving out another answer leaves three: 1.
    assert vqa.vqa_score("The dog.", human) == pytest.approx((3 * 2 / 3 + 7 * 1) / 10)
    assert vqa.vqa_score("cat", human) == pytest.approx((2 * 1 / 3 + 8 * 2 / 3) / 10)
    assert vqa.vqa_score("bird", human) == pytest.approx((1 * 0 + 9 * 1 / 3) / 10)
    assert vqa.vqa_score("fish", human) == 1
    assert vqa.vqa_score("horse", human) == 0


def test_people_who_agree_are_taken_at_their_word() -> None:
    assert vqa.vqa_score("grey-blue", ["grey-blue"] * 10) == 0  # the answer is normalised, theirs is not
    assert vqa.vqa_score("grey-blue", ["grey-blue"] * 9 + ["blue"]) == 1


words = st.sampled_from(["dog", "a dog", "dog.", "two", "2", "it isnt", "it isn't", "red,blue", ""])


@given(words, st.lists(words, min_size=1, max_size=10))
def test_the_published_loop_agrees(answer: str, human: list[str]) -> None:
    assert vqa.vqa_score(answer, human) == pytest.approx(literal_score(answer, human))


def literal_score(answer: str, human: Sequence[str]) -> float:
    """Every person is left out in turn, and the others are counted."""
    given = normalised(answer)
    theirs = [{"answer": text, "answer_id": place} for place, text in enumerate(human)]
    if len({one["answer"] for one in theirs}) > 1:
        theirs = [{**one, "answer": without_punctuation(str(one["answer"]))} for one in theirs]
    accuracies = []
    for left_out in theirs:
        others = [one for one in theirs if one != left_out]
        accuracies.append(min(1, len([one for one in others if one["answer"] == given]) / 3))
    return sum(accuracies) / len(accuracies)


def annotation(key: int, answers: Sequence[str], question_type: str = "what is", answer_type: str = "other") -> Any:
    people = [{"answer": text, "answer_confidence": "yes", "answer_id": n} for n, text in enumerate(answers, 1)]
    return {
        "question_id": key,
        "image_id": 1,
        "answers": people,
        "question_type": question_type,
        "answer_type": answer_type,
    }


VQA = {
    "annotations": [
        annotation(1, ["yes"] * 9 + ["no"], "is the", "yes/no"),
        annotation(2, ["2"] * 2 + ["3"] * 8, "how many", "number"),
        annotation(3, ["red"] * 10, "what color"),
        annotation(4, ["no"] * 10, "is the", "yes/no"),
    ]
}
VQA_RESULTS = [
    {"question_id": 4, "answer": "yes"},
    {"question_id": 3, "answer": "a red"},
    {"question_id": 2, "answer": "two"},
    {"question_id": 1, "answer": "Yes."},
]
GQA = {
    "07": {"answer": "left", "question": "?", "types": {"structural": "choose", "semantic": "rel", "detailed": "x"}},
    "08": {"answer": "yes", "question": "?", "types": {"structural": "verify", "semantic": "rel", "detailed": None}},
    "09": {"answer": "cup", "question": "?", "types": {"structural": "query", "semantic": "obj"}},
}
GQA_RESULTS = [
    {"questionId": "09", "prediction": "The cup."},
    {"questionId": "07", "prediction": "left"},
    {"questionId": "08", "prediction": "no"},
]


def files(folder: Path, annotations: Any, results: Any) -> list[str]:
    for name, content in (("annotations.json", annotations), ("results.json", results)):
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return ["--annotations", str(folder / "annotations.json"), "--results", str(folder / "results.json")]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert vqa.main([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_scores_by_type_of_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, *files(tmp_path, VQA, VQA_RESULTS))
    number = (2 * 1 / 3 + 8 * 2 / 3) / 10
    assert printed["score"] == pytest.approx((1 + number + 1 + 0) / 4)
    assert printed["n"] == 4
    assert printed["by_question_type"]["is the"] == {"mean": 0.5, "n": 2}
    assert printed["by_question_type"]["how many"]["mean"] == pytest.approx(number)
    assert printed["by_answer_type"] == {
        "number": {"mean": pytest.approx(number), "n": 1},
        "other": {"mean": 1, "n": 1},
        "yes/no": {"mean": 0.5, "n": 2},
    }


def test_the_order_of_answers_does_not_matter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = run(capsys, *files(tmp_path, VQA, VQA_RESULTS))
    turned = {"annotations": VQA["annotations"][::-1]}
    assert run(capsys, *files(tmp_path, turned, VQA_RESULTS[::-1])) == once


def test_gqa_counts_equal_answers_by_structure_and_meaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*files(tmp_path, GQA, GQA_RESULTS), "--style", "gqa"]
    printed = run(capsys, *arguments)
    assert (printed["accuracy"]["hits"], printed["accuracy"]["n"]) == (1, 3)
    assert printed["accuracy"]["share"] == pytest.approx(1 / 3)
    assert printed["by_semantic"]["rel"]["hits"] == 1
    assert set(printed["by_structural"]) == {"choose", "query", "verify"}
    assert run(capsys, *arguments, "--normalise")["accuracy"]["hits"] == 2


@pytest.mark.parametrize(
    ("annotations", "results", "style", "reason"),
    [
        (VQA, [], "vqa", "results.json: holds no records"),
        (VQA, "[{]", "vqa", "results.json: not JSON"),
        (VQA, VQA_RESULTS[1:], "vqa", "1 questions have no answer, 4 among them"),
        (VQA, [*VQA_RESULTS, VQA_RESULTS[0]], "vqa", "record 4: question 4 has an answer already"),
        (VQA, [{"question_id": 9, "answer": "a"}], "vqa", "record 0: question 9 is not among the annotations"),
        (VQA, [{"question_id": 1, "answer": None}], "vqa", "record 0: 'answer' is null, not text"),
        ({"annotations": VQA["annotations"][:1] * 2}, VQA_RESULTS, "vqa", "annotations[1]: question 1 appears twice"),
        (
            {"annotations": [{"question_id": 1, "answers": []}]},
            VQA_RESULTS,
            "vqa",
            "'answers' is not a list of objects",
        ),
        ([], VQA_RESULTS, "vqa", "annotations.json: an object with a list of annotations"),
        (GQA, GQA_RESULTS[1:], "gqa", "1 questions have no answer, '09' among them"),
        (GQA, [{"questionId": "1"}], "gqa", "record 0: question '1' is not among"),
        ({"1": {"question": "?"}}, GQA_RESULTS, "gqa", "annotations.json, question 1: lacks 'answer'"),
        ([], GQA_RESULTS, "gqa", "annotations.json: an object of questions by id"),
    ],
)
def test_files_that_cannot_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], annotations: Any, results: Any, style: str, reason: str
) -> None:
    assert vqa.main([*files(tmp_path, annotations, results), "--style", style]) == 2
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""
