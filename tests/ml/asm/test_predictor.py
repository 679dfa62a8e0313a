"""Answers, captions, embeddings and rankings: batched as one by one, one encoding for many boxes, named errors."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ml.asm.errors import PromptTooLongError
from ml.asm.predictor import ASMPredictor
from ml.boxes import BoxError

from .models import small_asm


def photo(seed: int, size: tuple[int, int]) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


PHOTOS = [photo(1, (64, 48)), photo(2, (100, 30))]
BOXES = [(2.0, 3.0, 40.0, 44.0), None, (10.0, 10.0, 20.0, 20.0), (0.0, 0.0, 100.0, 30.0), (5.5, 1.0, 60.0, 29.0)]
QUESTIONS = ["Why?", "What is the colour of this thing?", "Is it large?", "Who?", "What is this?"]
ASKED = [PHOTOS[0], PHOTOS[0], PHOTOS[0], PHOTOS[1], PHOTOS[1]]


@pytest.fixture(scope="module")
def predictor() -> ASMPredictor:
    return ASMPredictor(small_asm(seed=3), images=1, regions=2, sequences=3, texts=2)


def test_answers_of_a_batch_are_those_of_one_at_a_time(predictor: ASMPredictor) -> None:
    together = predictor.answer(ASKED, BOXES, QUESTIONS, max_tokens=8)
    alone = [
        predictor.answer([image], [box], [question], max_tokens=8)[0]
        for image, box, question in zip(ASKED, BOXES, QUESTIONS, strict=True)
    ]
    assert together == alone
    assert len(set(together)) > 1


def test_a_photo_is_encoded_once_for_many_boxes(predictor: ASMPredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    encode = predictor.model.encode_images
    monkeypatch.setattr(predictor.model, "encode_images", lambda images: calls.append(len(images)) or encode(images))
    encoded = predictor.encode(PHOTOS)
    assert calls == [1, 1]  # as many at once as `images` allows
    by_photo = predictor.answer(ASKED, BOXES, QUESTIONS, max_tokens=4)
    assert sum(calls) == 4
    asked = [encoded[0], encoded[0], encoded[0], encoded[1], encoded[1]]
    assert predictor.answer(asked, BOXES, QUESTIONS, max_tokens=4) == by_photo
    predictor.rank(encoded[0], BOXES[:3], ["cat"])
    assert sum(calls) == 4


def test_a_caption_is_the_answer_to_the_question_for_captions(predictor: ASMPredictor) -> None:
    question = predictor.model.config.prompts.caption_question
    assert predictor.caption([PHOTOS[0]], [BOXES[0]], max_tokens=6) == predictor.answer(
        [PHOTOS[0]], [BOXES[0]], [question], max_tokens=6
    )
    assert predictor.caption(PHOTOS, max_tokens=6) == predictor.caption(PHOTOS, [None, None], max_tokens=6)


def test_no_box_is_the_box_over_everything(predictor: ASMPredictor) -> None:
    whole, explicit = predictor.embed_regions(PHOTOS[1], [None, (0, 0, 100, 30)])
    assert torch.equal(whole, explicit)


def test_embeddings_in_chunks_are_those_of_one_at_a_time(predictor: ASMPredictor) -> None:
    boxes = [BOXES[0], None, BOXES[2]]
    together = predictor.embed_regions(PHOTOS[0], boxes)
    alone = torch.cat([predictor.embed_regions(PHOTOS[0], [box]) for box in boxes])
    assert torch.allclose(together, alone, atol=1e-5)
    tags = ["a long name of a thing", "cat", "ox", "cat"]
    assert torch.allclose(predictor.embed_texts(tags)[1], predictor.model.embed_texts(["cat"])[0], atol=1e-5)
    assert torch.equal(predictor.embed_texts(tags)[1], predictor.embed_texts(tags)[3])


def test_a_text_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = ASMPredictor(small_asm())
    seen: list[str] = []
    embed = predictor.model.embed_texts
    monkeypatch.setattr(predictor.model, "embed_texts", lambda tags: seen.extend(tags) or embed(tags))
    predictor.embed_texts(["cat", "dog"])
    predictor.embed_texts(["dog", "ox", "cat", "ox"])
    assert sorted(seen) == ["cat", "dog", "ox"]


def test_remembered_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.asm.predictor.MAX_CACHED_TEXTS", 2)
    predictor = ASMPredictor(small_asm())
    wanted = predictor.embed_texts(["cat", "dog", "ox", "ant"])
    assert wanted.shape == (4, 16)
    assert len(predictor._cached_texts) == 2
    assert torch.allclose(predictor.embed_texts(["cat", "dog", "ox", "ant"]), wanted, atol=1e-5)


def test_a_ranking_is_the_scaled_cosine(predictor: ASMPredictor) -> None:
    scores = predictor.rank(PHOTOS[0], BOXES[:3], ["cat", "dog"])
    cosines = predictor.embed_regions(PHOTOS[0], BOXES[:3]) @ predictor.embed_texts(["cat", "dog"]).T
    assert scores.shape == (3, 2)
    assert torch.allclose(scores, cosines / 0.07, atol=1e-4)


def test_nothing_asked_is_nothing_answered(predictor: ASMPredictor) -> None:
    assert predictor.answer([], [], []) == []
    assert predictor.caption([]) == []
    assert predictor.encode([]) == []
    assert predictor.embed_texts([]).shape == (0, 16)
    assert predictor.rank(PHOTOS[0], [], ["cat"]).shape == (0, 1)
    assert predictor.rank(PHOTOS[0], [None], []).shape == (1, 0)


@pytest.mark.parametrize("bad", [(math.nan, 0, 5, 5), (5, 5, 5, 9), (9, 9, 5, 5), (0, 0, 90, 20)])
def test_a_bad_box_is_named_by_its_place_and_values(predictor: ASMPredictor, bad: Any) -> None:
    with pytest.raises(BoxError, match=rf"box 1 \({bad[0]:g}, "):
        predictor.answer([PHOTOS[0]] * 2, [None, bad], ["Why?", "Why?"])
    with pytest.raises(BoxError, match="box 2"):
        predictor.embed_regions(PHOTOS[0], [None, None, bad])


def test_a_question_that_is_too_long_is_named(predictor: ASMPredictor) -> None:
    with pytest.raises(PromptTooLongError, match=r"question 1: 'why why.*for a context of 128"):
        predictor.answer(PHOTOS, [None, None], ["Why?", "why " * 60])


def test_an_answer_ends_where_the_context_does(predictor: ASMPredictor) -> None:
    length = len(predictor.model.prompts.question("").codes)
    question = "x" * (128 - length - 3)
    long, short = predictor.answer([PHOTOS[0]] * 2, [None] * 2, [question, question[:-2]], max_tokens=50)
    assert 1 <= len(long) <= 3  # bytes
    assert short == predictor.answer([PHOTOS[0]], [None], [question[:-2]], max_tokens=50)[0]


def test_lists_of_different_lengths_are_refused(predictor: ASMPredictor) -> None:
    with pytest.raises(ValueError, match="2 photos, 1 boxes, 1 questions"):
        predictor.answer(PHOTOS, [None], ["Why?"])


def test_half_precision_ranks_alike() -> None:
    tags = ["cat", "dog", "ox"]
    exact = ASMPredictor(small_asm()).rank(PHOTOS[0], BOXES[:3], tags)
    rough = ASMPredictor(small_asm(), dtype=torch.bfloat16).rank(PHOTOS[0], BOXES[:3], tags)
    assert rough.dtype == torch.float32
    assert torch.allclose(exact, rough, atol=0.5)
