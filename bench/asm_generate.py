"""ASM: answers per second in batches, beside one sequence at a time; the same questions, the same answers.

Both run in the same process on the same photos, encoded beforehand: what is measured is the describe stage's own work
(image tokens, reading the prompt, decoding). With `--size tiny` everything is a CPU's size. With `--size base` the
tower and the language model have the shapes of CLIP ViT-L/14 and a 1.1B Llama in bfloat16, with random weights.
Random weights never say their end token at the same time, so every answer runs to its limit, as long answers do.

    python -m bench.asm_generate --device cuda --size base --batch 64 --json
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from ml.asm.building import build_asm
from ml.asm.config import ASMConfig
from ml.asm.predictor import ASMPredictor, EncodedImage

from . import reporting

GOALS_ON_GPU = {"speedup_batched": (reporting.AT_LEAST, 10.0)}
QUESTIONS = ("What is this?", "What is its colour?", "What is next to it, and how large is that?")
LLAMA_1B: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 32000,
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "max_position_embeddings": 2048,
}

Asked = tuple[list[EncodedImage], list[tuple[float, float, float, float]], list[str]]


def make_predictor(size: str, device: str, batch: int, seed: int = 0) -> ASMPredictor:
    """A model with random weights that says different things to different questions."""
    torch.manual_seed(seed)
    config = ASMConfig.tiny()
    if size == "base":
        base = ASMConfig.base()
        language = replace(base.language, architecture=LLAMA_1B, weights=None, tokenizer=None, train="frozen")
        config = replace(base, tower=replace(base.tower, weights=None), language=language, stores_base=True)
    model = build_asm(config)
    for name, parameter in model.llm.named_parameters():
        if "norm" not in name:
            torch.nn.init.normal_(parameter, std=3 / parameter.shape[-1] ** 0.5)
    dtype = torch.bfloat16 if size == "base" else None
    return ASMPredictor(model, device, dtype, sequences=batch)


def make_questions(predictor: ASMPredictor, count: int, seed: int = 0) -> Asked:
    """`count` questions about regions of 8 photos, which are already encoded."""
    random = np.random.default_rng(seed)
    photos = [Image.fromarray(random.integers(0, 256, (512, 640, 3), dtype=np.uint8)) for _ in range(8)]
    encoded = predictor.encode(photos)
    corners = random.uniform(0, 300, (count, 2))
    sides = random.uniform(20, 200, (count, 2))
    boxes = [(float(x), float(y), float(x + w), float(y + h)) for (x, y), (w, h) in zip(corners, sides, strict=True)]
    return (
        [encoded[index % len(encoded)] for index in range(count)],
        boxes,
        [QUESTIONS[index % len(QUESTIONS)] for index in range(count)],
    )


def batched(predictor: ASMPredictor, asked: Asked, tokens: int) -> list[str]:
    return predictor.answer(*asked, max_tokens=tokens)


def one_at_a_time(predictor: ASMPredictor, asked: Asked, tokens: int) -> list[str]:
    return [
        predictor.answer([photo], [box], [question], max_tokens=tokens)[0]
        for photo, box, question in zip(*asked, strict=True)
    ]


def seconds(run: Any, device: str) -> tuple[float, list[str]]:
    start = time.perf_counter()
    answers: list[str] = run()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start, answers


def shares_of_equal(first: Sequence[str], second: Sequence[str]) -> float:
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def measure(
    *, size: str, device: str, batch: int, count: int, singles: int, tokens: int, rounds: int
) -> dict[str, Any]:
    """Alternating rounds, medians. `singles` of the `count` questions are also asked one at a time."""
    predictor = make_predictor(size, device, batch)
    asked = make_questions(predictor, count)
    few: Asked = (asked[0][:singles], asked[1][:singles], asked[2][:singles])
    batched(predictor, few, tokens)
    one_at_a_time(predictor, (few[0][:2], few[1][:2], few[2][:2]), tokens)
    fast: list[float] = []
    slow: list[float] = []
    together: list[str] = []
    alone: list[str] = []
    for _ in range(rounds):
        taken, together = seconds(lambda: batched(predictor, asked, tokens), device)
        fast.append(count / taken)
        taken, alone = seconds(lambda: one_at_a_time(predictor, few, tokens), device)
        slow.append(singles / taken)
    return {
        "speedup_batched": round(statistics.median(fast) / statistics.median(slow), 2),
        "batched_sequences_per_s": round(statistics.median(fast), 2),
        "single_sequences_per_s": round(statistics.median(slow), 2),
        "equal_answers": round(shares_of_equal(together[:singles], alone), 4),
        "different_answers": len(set(together)),
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else device,
        "size": size,
        "batch": batch,
        "tokens": tokens,
        "sequences": count,
    }


def main() -> None:
    options = reporting.parser("asm_generate", __doc__)
    options.add_argument("--device", default="cpu", help="cpu or cuda; the goal of 10 x is for a GPU (default: cpu)")
    options.add_argument("--size", choices=("tiny", "base"), default="tiny", help="the model (default: tiny)")
    options.add_argument("--batch", type=int, default=64, help="sequences decoded together (default: 64)")
    options.add_argument("--count", type=int, default=256, help="questions in all (default: 256)")
    options.add_argument("--singles", type=int, default=32, help="of them also asked one at a time (default: 32)")
    options.add_argument("--tokens", type=int, default=32, help="length of an answer at most (default: 32)")
    options.add_argument("--rounds", type=int, default=3, help="alternating rounds, of which the median (default: 3)")
    given = options.parse_args()
    if min(given.batch, given.count, given.singles, given.tokens, given.rounds) < 1 or given.singles > given.count:
        options.error("sizes must be at least 1, and --singles at most --count")
    if given.device.startswith("cuda") and not torch.cuda.is_available():
        options.error("--device cuda: torch finds no CUDA device here")
    figures = measure(
        size=given.size,
        device=given.device,
        batch=given.batch,
        count=given.count,
        singles=given.singles,
        tokens=given.tokens,
        rounds=given.rounds,
    )
    if not given.json:
        print(
            f"{figures['batched_sequences_per_s']} answers/s in batches of {given.batch}, "
            f"{figures['single_sequences_per_s']} one at a time: {figures['speedup_batched']} x; "
            f"{figures['equal_answers']:.0%} of the answers are equal"
        )
        if not given.device.startswith("cuda"):
            print("The goal of 10 x is for a GPU; here it is not applied.")
    reporting.report("asm_generate", figures, GOALS_ON_GPU if given.device.startswith("cuda") else {})


if __name__ == "__main__":
    main()
