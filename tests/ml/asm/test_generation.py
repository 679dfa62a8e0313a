"""Batched decoding with a cache says what decoding one token at a time without one says."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ml.asm.generation import generate
from ml.asm.model import ASM
from ml.asm.prompts import Row, Rows, padded

from .models import small_asm

QUESTIONS = ["Why?", "What is the colour of this thing?", "Is it large?", "Who made it, and when was it made?", "So?"]


@pytest.fixture(scope="module")
def model() -> ASM:
    return small_asm(seed=3)


@pytest.fixture(scope="module")
def tokens(model: ASM) -> Tensor:
    with torch.no_grad():
        features = model.encode_images(torch.randn(5, 3, 42, 56, generator=torch.Generator().manual_seed(2)))
        boxes = torch.tensor([[0.0, 0.0, 56.0, 42.0]] * 5)
        return model.encode_regions(features, boxes, torch.arange(5), (42, 56))


def rows_of(model: ASM) -> list[Row]:
    return [model.prompts.question(question) for question in QUESTIONS]


@torch.no_grad()
def literal(model: ASM, row: Row, tokens: Tensor, steps: int) -> list[int]:
    """One sequence, no cache, no padding: the whole prefix goes through the model for every token."""
    said: list[int] = []
    table = model.llm.get_input_embeddings()
    prefix = model.embed_rows(padded([row]), tokens, "generate")
    for _ in range(steps):
        spoken = table(torch.tensor([said], dtype=torch.long)) if said else prefix[:, :0]
        logits = model.llm(inputs_embeds=torch.cat([prefix, spoken], dim=1), use_cache=False).logits[0, -1]
        token = int(logits[: model.tokenizer.vocabulary].argmax())
        if token == model.tokenizer.end_id:
            break
        said.append(token)
    return said


def with_end_after(model: ASM, rows: list[Row], tokens: Tensor, monkeypatch: Any) -> None:
    """Makes a token that some of the answers contain early the end token, so that they end at different times."""
    first = literal(model, rows[1], tokens[1:2], 12)
    monkeypatch.setattr(model.tokenizer, "end_id", first[min(3, len(first) - 1)])


def test_a_batch_says_what_each_says_alone_without_a_cache(model: ASM, tokens: Tensor) -> None:
    rows = rows_of(model)
    expected = [literal(model, row, tokens[i : i + 1], 12) for i, row in enumerate(rows)]
    assert generate(model, padded(rows, left=True), tokens, max_tokens=12) == expected
    assert len({tuple(said) for said in expected}) > 1  # or equality would say little


def test_answers_that_end_at_different_times_do_not_disturb_the_others(
    model: ASM, tokens: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(model)
    with_end_after(model, rows, tokens, monkeypatch)
    expected = [literal(model, row, tokens[i : i + 1], 12) for i, row in enumerate(rows)]
    assert len({len(said) for said in expected}) > 1
    assert generate(model, padded(rows, left=True), tokens, max_tokens=12) == expected


def test_it_stops_at_the_limit(model: ASM, tokens: Tensor) -> None:
    rows = padded(rows_of(model), left=True)
    short, long = (generate(model, rows, tokens, max_tokens=count) for count in (2, 5))
    assert [said[:2] for said in long] == short


def test_a_model_that_says_nothing_gives_nothing(model: ASM, tokens: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(model)[:1]
    monkeypatch.setattr(model.tokenizer, "end_id", literal(model, rows[0], tokens[:1], 1)[0])
    assert generate(model, padded(rows, left=True), tokens[:1], max_tokens=5) == [[]]


def test_a_token_outside_the_vocabulary_is_never_said(model: ASM, tokens: Tensor) -> None:
    """A language model's table may be longer than its tokenizer's."""
    rows: Rows = padded(rows_of(model), left=True)
    said = generate(model, rows, tokens, max_tokens=8)
    model.tokenizer.vocabulary, whole = 40, model.tokenizer.vocabulary
    try:
        fewer = generate(model, rows, tokens, max_tokens=8)
    finally:
        model.tokenizer.vocabulary = whole
    assert max(max(row, default=0) for row in fewer) < 40 <= max(max(row, default=0) for row in said)
