"""METEOR, CIDEr, BLEU, ROUGE-L and SPICE of captions, as COCOEvalCap computes them (papers V1 §5.1, tables 2 and 3).

    python -m ml.evals.captions --references captions_val2017.json --results captions.json
    python -m ml.evals.captions --reference-texts ref1.txt ref2.txt --texts hyp.txt

The first reads COCO's caption files and tokenizes with the Penn Treebank rules; the second reads one caption a line,
split at white space (nlg-eval). METEOR, SPICE and the tokenizer run in Java; SPICE only where its files are.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml.evals import commands, java_tools
from ml.evals.caption_files import Captions, from_coco, from_texts
from ml.evals.inputs import InputError

METRICS = ("bleu", "meteor", "rouge", "cider", "spice")


def score(captions: Captions, metrics: Sequence[str] = METRICS, *, tokenizer: str = "ptb") -> dict[str, Any]:
    """{"corpus": {"Bleu_1": ..., ...}, "items": {id: {"Bleu_1": ..., ...}}}: shares, but for CIDEr, which goes to 10.

    metrics: of METRICS. tokenizer: "ptb", or "none" for words between white space. Raises InputError (JavaMissing)
    when a metric or the tokenizer cannot run.
    """
    references, results = _tokenized(captions, tokenizer)
    corpus: dict[str, float] = {}
    items: dict[str, dict[str, float]] = {str(key): {} for key in references}
    for metric in metrics:
        for name, total, each in _computed(metric, references, results):
            corpus[name] = float(total)
            for figures, value in zip(items.values(), each, strict=True):
                figures[name] = float(value)
    return {"corpus": corpus, "items": items}


def _tokenized(captions: Captions, tokenizer: str) -> tuple[dict[Any, list[str]], dict[Any, list[str]]]:
    keys = list(captions.results)
    texts = [captions.results[key] for key in keys]
    texts += [text for key in keys for text in captions.references[key]]
    tokens = java_tools.tokenized(texts) if tokenizer == "ptb" else [java_tools.one_line(text) for text in texts]
    rest = iter(tokens[len(keys) :])
    references = {key: [next(rest) for _text in captions.references[key]] for key in keys}
    return references, {key: [token] for key, token in zip(keys, tokens, strict=False)}


def _computed(
    metric: str, references: Mapping[Any, list[str]], results: Mapping[Any, list[str]]
) -> list[tuple[str, float, Sequence[float]]]:
    """(name, corpus figure, figure of each item in order) of what a metric measures."""
    if metric == "bleu":
        from pycocoevalcap.bleu.bleu import Bleu

        totals, lists = Bleu(4).compute_score(references, results, verbose=0)
        return [(f"Bleu_{n}", total, each) for n, total, each in zip(range(1, 5), totals, lists, strict=True)]
    if metric == "rouge":
        from pycocoevalcap.rouge.rouge import Rouge

        return [("ROUGE_L", *Rouge().compute_score(references, results))]
    if metric == "cider":
        from pycocoevalcap.cider.cider import Cider

        return [("CIDEr", *Cider().compute_score(references, results))]
    if metric == "meteor":
        return [("METEOR", *_meteor(references, results))]
    return [("SPICE", *_spice(references, results))]


def _meteor(references: Mapping[Any, list[str]], results: Mapping[Any, list[str]]) -> tuple[float, Sequence[float]]:
    scorer = java_tools.meteor()
    try:
        total, each = scorer.compute_score(references, results)
    except (OSError, ValueError) as problem:
        java_tools.forget_meteor()
        raise InputError(f"METEOR failed: {problem}") from problem
    return total, each


def _spice(references: Mapping[Any, list[str]], results: Mapping[Any, list[str]]) -> tuple[float, Sequence[float]]:
    if missing := java_tools.missing_for_spice():
        raise InputError(f"SPICE cannot run here: missing {', '.join(missing)}")
    from pycocoevalcap.spice.spice import Spice

    # Numbered, for SPICE sorts its items by their id.
    numbered = [dict(enumerate(texts.values())) for texts in (references, results)]
    try:
        total, each = Spice().compute_score(*numbered)
    except subprocess.CalledProcessError as problem:
        raise InputError(f"SPICE failed with status {problem.returncode}") from problem
    return total, [item["All"]["f"] for item in each]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = commands.parser("captions", "METEOR, CIDEr, BLEU, ROUGE-L and SPICE of captions.")
    coco = parser.add_argument_group("COCO files")
    coco.add_argument("--references", type=Path, help="caption JSON: annotations with image_id and caption")
    coco.add_argument("--results", type=Path, help="result JSON: image_id and caption, one an image")
    coco.add_argument("--only-common", action="store_true", help="leave out results whose image has no reference")
    texts = parser.add_argument_group("text files, one caption a line")
    texts.add_argument("--reference-texts", type=Path, nargs="+", help="references, line N of each for item N")
    texts.add_argument("--texts", type=Path, help="captions")
    parser.add_argument("--metrics", help=f"of {','.join(METRICS)} (default: all that can run, without SPICE's files)")
    parser.add_argument("--tokenizer", choices=["ptb", "none"], help="default: ptb for COCO files, none for text files")
    parser.add_argument("--per-item", action="store_true", help="the figures of each caption too")
    options = parser.parse_args(arguments)
    if (options.references is None) != (options.results is None) or (options.reference_texts is None) != (
        options.texts is None
    ):
        parser.error("references and captions belong together")
    if (options.references is None) == (options.texts is None):
        parser.error("give COCO files or text files")
    return commands.run(options, parser.prog, _evaluate)


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    metrics, skipped = _wanted(options.metrics)
    if options.references:
        captions = from_coco(options.references, options.results, only_common=options.only_common)
    else:
        captions = from_texts(options.reference_texts, options.texts)
    tokenizer = options.tokenizer or ("ptb" if options.references else "none")
    figures = score(captions, metrics, tokenizer=tokenizer)
    answer = dict(figures["corpus"])
    answer["counts"] = {
        "captions": len(captions.results),
        "references": sum(len(captions.references[key]) for key in captions.results),
        "without_caption": captions.without_caption,
        "without_reference": captions.without_reference,
    }
    answer["skipped"] = skipped
    return answer | ({"items": figures["items"]} if options.per_item else {})


def _wanted(asked: str | None) -> tuple[list[str], dict[str, str]]:
    """The metrics to compute, and why one of the default ones is left out."""
    if asked is None:
        missing = java_tools.missing_for_spice()
        skipped = {"SPICE": f"missing {', '.join(missing)}"} if missing else {}
        return [metric for metric in METRICS if metric != "spice" or not missing], skipped
    metrics = [name.strip() for name in asked.split(",")]
    if unknown := [name for name in metrics if name not in METRICS]:
        raise InputError(f"--metrics: {', '.join(unknown)!r} is not of {', '.join(METRICS)}")
    return list(dict.fromkeys(metrics)), {}


if __name__ == "__main__":
    sys.exit(main())
