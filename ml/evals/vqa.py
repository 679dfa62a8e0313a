"""VQA score and GQA accuracy, overall and by type of question (papers V1 appendix E.2, table 10).

    python -m ml.evals.vqa --annotations v2_mscoco_val2014_annotations.json --results answers.json
    python -m ml.evals.vqa --style gqa --annotations testdev_balanced_questions.json --results predictions.json

VQA: a question's score is the mean, over leaving one of its (ten) human answers out, of min(1, equal others / 3),
answers normalised as in the published code (OK-VQA is scored alike). GQA: the share of answers that equal the one
right answer; `--normalise` compares them after VQA's normalisation, as BLIP-2's evaluation does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import Any

from ml.evals import commands
from ml.evals.answers import normalised, without_punctuation
from ml.evals.inputs import InputError, field, key_field, read_json, read_records, text_field
from ml.evals.shares import Means, Share

Key = int | str


def vqa_score(answer: str, human: Sequence[str]) -> float:
    """The score in [0, 1] of one answer against the human answers of its question (at least one)."""
    wanted = list(human)
    if len(set(wanted)) > 1:
        wanted = [without_punctuation(text) for text in wanted]
    given = normalised(answer)
    equal = [text == given for text in wanted]
    # Leaving an equal answer out leaves one fewer.
    return fsum(min(1.0, (sum(equal) - same) / 3) for same in equal) / len(equal)


def score_vqa(questions: Mapping[Key, Mapping[str, Any]], answers: Mapping[Key, str]) -> dict[str, Any]:
    """{"score", "n", "by_question_type", "by_answer_type"} of checked `questions` (see read_vqa) with `answers`."""
    scores = {key: vqa_score(answers[key], question["answers"]) for key, question in questions.items()}
    by_question, by_answer = Means(), Means()
    for key, question in questions.items():
        by_question.add(question["question_type"], scores[key])
        by_answer.add(question["answer_type"], scores[key])
    return {
        "score": fsum(scores.values()) / len(scores),
        "n": len(scores),
        "by_question_type": by_question.as_dict(),
        "by_answer_type": by_answer.as_dict(),
    }


def score_gqa(
    questions: Mapping[Key, Mapping[str, Any]], answers: Mapping[Key, str], *, normalise: bool = False
) -> dict[str, Any]:
    """{"accuracy": share with its interval, "by_structural", "by_semantic"} of checked `questions` (see read_gqa)."""
    everything = Share()
    groups: dict[str, dict[str, Share]] = {"structural": {}, "semantic": {}}
    for key, question in questions.items():
        right, given = question["answer"], answers[key]
        hit = normalised(given) == normalised(right) if normalise else given == right
        everything.add(hit)
        for kind, shares in groups.items():
            if name := question["types"].get(kind):
                shares.setdefault(name, Share()).add(hit)
    answer: dict[str, Any] = {"accuracy": everything.as_dict()}
    for kind, shares in groups.items():
        answer[f"by_{kind}"] = {name: share.as_dict() for name, share in sorted(shares.items())}
    return answer


def read_vqa(path: Path) -> dict[Key, dict[str, Any]]:
    """VQAv2's annotations by question id: {"answers": texts, "question_type", "answer_type"}. Raises InputError."""
    content = read_json(path)
    annotations = field(content, "annotations", str(path)) if isinstance(content, dict) else None
    if not isinstance(annotations, list) or not annotations:
        raise InputError(f"{path}: an object with a list of annotations, at least one, is expected")
    questions: dict[Key, dict[str, Any]] = {}
    for index, annotation in enumerate(annotations):
        where = f"{path}, annotations[{index}]"
        if not isinstance(annotation, dict):
            raise InputError(f"{where}: an object is expected")
        key = key_field(annotation, "question_id", where)
        if key in questions:
            raise InputError(f"{where}: question {key!r} appears twice")
        answers = field(annotation, "answers", where)
        if not isinstance(answers, list) or not answers or not all(isinstance(one, dict) for one in answers):
            raise InputError(f"{where}: 'answers' is not a list of objects with at least one")
        questions[key] = {
            "answers": [text_field(one, "answer", f"{where}, answers[{place}]") for place, one in enumerate(answers)],
            "question_type": text_field({"question_type": "-", **annotation}, "question_type", where),
            "answer_type": text_field({"answer_type": "-", **annotation}, "answer_type", where),
        }
    return questions


def read_gqa(path: Path) -> dict[Key, dict[str, Any]]:
    """GQA's questions by id: {"answer", "types": {"structural", "semantic"}}. Raises InputError."""
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: an object of questions by id, at least one, is expected")
    questions: dict[Key, dict[str, Any]] = {}
    for key, question in content.items():
        where = f"{path}, question {key}"
        if not isinstance(question, dict):
            raise InputError(f"{where}: an object is expected")
        types = question.get("types", {})
        if not isinstance(types, dict) or not all(isinstance(name, str | None) for name in types.values()):
            raise InputError(f"{where}: 'types' is not an object of texts")
        questions[key] = {"answer": text_field(question, "answer", where), "types": types}
    return questions


def read_answers(path: Path, questions: Mapping[Key, Any], key_name: str, answer_name: str) -> dict[Key, str]:
    """A result file, exactly one answer for every question. Raises InputError that names the record."""
    answers: dict[Key, str] = {}
    for index, record in enumerate(read_records(path)):
        where = f"{path}, record {index}"
        key = key_field(record, key_name, where)
        if key not in questions:
            raise InputError(f"{where}: question {key!r} is not among the annotations")
        if key in answers:
            raise InputError(f"{where}: question {key!r} has an answer already")
        answers[key] = text_field(record, answer_name, where)
    if missing := next((key for key in questions if key not in answers), None):
        count = len(questions) - len(answers)
        raise InputError(f"{path}: {count} questions have no answer, {missing!r} among them")
    return answers


def main(arguments: Sequence[str] | None = None) -> int:
    parser = commands.parser("vqa", "VQA score (VQAv2, OK-VQA) and GQA accuracy.")
    parser.add_argument("--annotations", type=Path, required=True, help="annotations of VQAv2, or questions of GQA")
    parser.add_argument("--results", type=Path, required=True, help="question_id, answer; GQA: questionId, prediction")
    parser.add_argument("--style", choices=["vqa", "gqa"], default="vqa", help="whose rules count (default: vqa)")
    parser.add_argument("--normalise", action="store_true", help="GQA: compare after VQA's normalisation")
    return commands.run(parser.parse_args(arguments), parser.prog, _evaluate)


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    if options.style == "gqa":
        questions = read_gqa(options.annotations)
        answers = read_answers(options.results, questions, "questionId", "prediction")
        return score_gqa(questions, answers, normalise=options.normalise)
    questions = read_vqa(options.annotations)
    return score_vqa(questions, read_answers(options.results, questions, "question_id", "answer"))


if __name__ == "__main__":
    sys.exit(main())
