"""An ASM checkpoint as matcher, responder, writer and magnifier."""

from pathlib import Path

import numpy as np
import pytest

from ml.asm.errors import PromptTooLongError
from ml.asm.predictor import ASMPredictor
from ml.backends.asm.magnifier import ASMMagnifier
from ml.backends.asm.matcher import ASMMatcher
from ml.backends.asm.models import SILENCE, spoken
from ml.backends.asm.responder import ASMResponder
from ml.backends.asm.writer import ASMWriter
from ml.boxes import BoxError
from ml.checkpoint import load_model
from tests.ml.backends.learned import Question, tags
from tests.ml.backends.photos import TestPhoto, drawn

BOXES = np.array([[10.0, 10, 100, 100], [150, 90, 300, 200]])
QUESTIONS = ("What color is the cat?", "Where is it?", "How large is it?")
SHARED, OWN = tags("cat", "dog"), [tags("lamp"), []]


def photo() -> TestPhoto:
    return drawn(((10, 10, 100, 100), "red"), ((150, 90, 300, 200), "blue"))


def asked(*photos: TestPhoto) -> list[Question]:
    return [Question(one, tuple(box), "cat", QUESTIONS) for one in photos for box in BOXES.tolist()]


def test_the_matcher_ranks_by_alignment(asm_folder: Path) -> None:
    [scores] = ASMMatcher(asm_folder).match([photo()], [BOXES], [SHARED], [OWN])
    predictor = ASMPredictor(load_model(asm_folder))  # type: ignore[arg-type]
    logits = predictor.rank(photo().pixels, BOXES.tolist(), ["cat", "dog", "lamp"]).double().numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(scores.shared, expected[:, :2], atol=1e-5)
    assert np.allclose(scores.own[0], expected[0, 2:], atol=1e-5)
    assert len(scores.own[1]) == 0


def test_photos_in_parts_rank_the_same(asm_folder: Path) -> None:
    arguments = [photo(), drawn()], [BOXES, BOXES[:0]], [SHARED, SHARED], [OWN, []]
    whole = ASMMatcher(asm_folder).match(*arguments)
    parts = ASMMatcher(asm_folder, photos=1, chunk=1).match(*arguments)
    assert np.allclose(whole[0].shared, parts[0].shared, atol=1e-5)
    assert whole[1].shared.shape == parts[1].shared.shape == (0, 2)


def test_boxes_are_in_pixels_of_the_original(asm_folder: Path) -> None:
    small = photo()
    large = TestPhoto(small.pixels, small.width * 4, small.height * 4)
    first, second = ASMMatcher(asm_folder).match([small, large], [BOXES, BOXES * 4], [SHARED] * 2, [OWN] * 2)
    assert np.allclose(first.shared, second.shared, atol=1e-5)


def test_the_responder_answers_each_question_about_its_region(asm_folder: Path) -> None:
    answers = ASMResponder(asm_folder, max_tokens=6).answer(asked(photo(), drawn(((0, 0, 50, 50), "green"))))
    predictor = ASMPredictor(load_model(asm_folder))  # type: ignore[arg-type]
    for number, box in enumerate(BOXES.tolist()):
        alone = predictor.answer([photo().pixels] * 3, [box] * 3, QUESTIONS, max_tokens=6)
        assert answers[number] == tuple(spoken(text) for text in alone)
    assert len(set(answers)) > 1


def test_few_photos_at_a_time_answer_the_same(asm_folder: Path) -> None:
    first, second = photo(), drawn(((0, 0, 50, 50), "green"))
    mixed = [prompt for pair in zip(asked(first), asked(second), strict=True) for prompt in pair]
    whole = ASMResponder(asm_folder, max_tokens=6).answer(mixed)
    assert ASMResponder(asm_folder, max_tokens=6, photos=1, chunk=2).answer(mixed) == whole
    assert ASMResponder(asm_folder, max_tokens=6).answer([]) == []


def test_silence_is_put_into_words() -> None:
    assert spoken(" \u200b\n") == SILENCE
    assert spoken(" A red\x00\n cat. ") == "A red cat."


def test_the_writer_asks_for_a_caption_after_the_answers(asm_folder: Path) -> None:
    prompts = asked(photo())
    said = [("It is red.", "On the left.", "Small."), ("It is blue.", "In the middle.", "Large.")]
    captions = ASMWriter(asm_folder, max_tokens=6).write(prompts, said)
    predictor = ASMPredictor(load_model(asm_folder))  # type: ignore[arg-type]
    expected = predictor.answer(
        [photo().pixels] * 2,
        BOXES.tolist(),
        [predictor.model.config.prompts.caption_question] * 2,
        before=[list(zip(QUESTIONS, answers, strict=True)) for answers in said],
        max_tokens=6,
    )
    assert captions == [spoken(text) for text in expected]


def test_what_the_answers_say_changes_the_caption(asm_folder: Path) -> None:
    prompts = asked(photo())[:1] * 6
    said = [(f"It is {color}.", "On the left.", "Small.") for color in ("red", "blue", "pink", "old", "wet", "gone")]
    assert len(set(ASMWriter(asm_folder, max_tokens=8).write(prompts, said))) > 1
    alone = ASMWriter(asm_folder, max_tokens=8, answers=False).write(prompts, said)
    assert len(set(alone)) == 1


def test_the_magnifier_names_what_the_captions_name(asm_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    magnifier = ASMMagnifier(asm_folder, max_tokens=6, max_tags=2)
    found = magnifier.magnify([photo(), drawn()], [BOXES, BOXES[:0]])
    assert [len(regions) for regions in found] == [2, 0]
    captions = ["A cat on a wooden table beside a lamp.", "It is small."]
    monkeypatch.setattr(ASMPredictor, "caption", lambda *_, **__: captions)
    assert magnifier.magnify([photo()], [BOXES]) == [[["cat", "table"], []]]


def test_what_cannot_be_asked_is_named(asm_folder: Path) -> None:
    bad = Question(photo(), (5, 5, 5, 9), "cat", QUESTIONS)
    with pytest.raises(BoxError, match="is empty"):
        ASMResponder(asm_folder).answer([bad])
    long = Question(photo(), (5, 5, 9, 9), "cat", ("Is it " * 200,))
    with pytest.raises(PromptTooLongError, match="tokens too long"):
        ASMResponder(asm_folder).answer([long])


def test_options_that_mean_nothing_are_refused(asm_folder: Path) -> None:
    with pytest.raises(ValueError, match="max_tokens must be a whole number of at least 1, not 0"):
        ASMResponder(asm_folder, max_tokens=0)
    with pytest.raises(ValueError, match="max_tags must be a whole number"):
        ASMMagnifier(asm_folder, max_tags=-1)
    with pytest.raises(ValueError, match="photos must be a whole number"):
        ASMMatcher(asm_folder, photos=0)


def test_the_roles_of_one_checkpoint_are_one_version_and_one_model(asm_folder: Path) -> None:
    roles = [ASMMatcher(asm_folder), ASMResponder(asm_folder), ASMWriter(asm_folder), ASMMagnifier(asm_folder)]
    assert len({role.version for role in roles}) == 1
    assert len({id(role._model.predictor.model) for role in roles}) == 1
