"""Rows are the prompts of papers V1 appendix D.1, token by token."""

import pytest
import torch

from ml.asm.config import PromptConfig
from ml.asm.errors import PromptTooLongError
from ml.asm.prompts import PromptWriter, Row, Slot, padded
from ml.asm.text_tokenizer import load_tokenizer

TOKENIZER = load_tokenizer(None)
P, V, A = [int(Slot.TASK)] * 5, [int(Slot.IMAGE)] * 3, [int(Slot.ALIGN)]
BEGIN, END = [TOKENIZER.begin_id], [TOKENIZER.end_id]


def words(text: str) -> list[int | None]:
    return list(TOKENIZER.encode(text))


def writer(limit: int = 200) -> PromptWriter:
    return PromptWriter(TOKENIZER, PromptConfig(), image_tokens=3, limit=limit)


def test_prompt_1_asks_a_question_about_a_region() -> None:
    expected = [*P, *BEGIN, *words("Human:"), *V, *words("What is this?"), *words("Assistant:")]
    assert list(writer().question("What is this?").codes) == expected


def test_prompt_2_ends_in_the_align_token() -> None:
    assert list(writer().region().codes) == [*P, *BEGIN, *words("Human:"), *V, *words("What is this?"), *A]


def test_prompt_3_says_a_tag_and_ends_in_the_align_token() -> None:
    expected = [*P, *BEGIN, *words("Assistant:"), *words("A photo of the Sphinx."), *A]
    assert list(writer().tag("Sphinx").codes) == expected


def test_a_tag_with_braces_stays_as_it_is() -> None:
    assert TOKENIZER.decode([code for code in writer().tag("{0} {}").codes if code >= 0]).endswith("the {0} {}.")


def test_only_answers_and_their_ends_are_learned() -> None:
    row = writer().conversation([("What is this?", "A cat."), ("Its colour?", "Red.")])
    said = [code for code, learned in zip(row.codes, row.learned, strict=True) if learned]
    assert said == [*words("A cat."), *END, *words("Red."), *END]
    assert list(row.codes).count(Slot.IMAGE) == 3  # the region is shown once


def test_a_conversation_goes_on_after_the_end_token() -> None:
    first = writer().conversation([("What is this?", "A cat.")])
    both = writer().conversation([("What is this?", "A cat."), ("Its colour?", None)])
    after = [*words("Human:"), *words("Its colour?"), *words("Assistant:")]
    assert list(both.codes) == [*first.codes, *after]


def test_several_regions_stand_one_after_the_other() -> None:
    row = writer().conversation([("Which is larger?", "The first.")], regions=2)
    assert list(row.codes).count(Slot.IMAGE) == 6


def test_a_system_message_follows_the_beginning() -> None:
    row = writer().conversation([("Why?", None)], system="Be brief.")
    assert list(row.codes)[6:15] == TOKENIZER.encode("Be brief.", starts=True)


def test_a_tokenizer_without_a_beginning_gets_none() -> None:
    tokenizer = load_tokenizer(None)
    tokenizer.begin_id = None
    row = PromptWriter(tokenizer, PromptConfig(), image_tokens=3, limit=200).region()
    assert list(row.codes) == [*P, *words("Human:"), *V, *words("What is this?"), *A]


def test_a_question_that_leaves_no_room_for_an_answer_is_refused() -> None:
    length = len(writer().question("Why?").codes)
    assert len(writer(limit=length + 1).question("Why?").codes) == length
    with pytest.raises(PromptTooLongError, match=f"'Why.'.*1 tokens too long for a context of {length}"):
        writer(limit=length).question("Why?")


def test_a_tag_that_is_too_long_loses_its_end_but_not_the_align_token() -> None:
    row = writer(limit=40).tag("x" * 100)
    assert len(row.codes) == 40
    assert row.codes[-1] == Slot.ALIGN
    assert list(row.codes[:39]) == list(writer().tag("x" * 100).codes[:39])
    assert writer(limit=40).is_cut("x" * 100)
    assert not writer(limit=40).is_cut("x")


def test_rows_are_padded_after_their_end_or_before_their_beginning() -> None:
    long, short = Row((7, 8, 9), (False, True, True)), Row((5,), (True,))
    right, left = padded([long, short]), padded([long, short], left=True)
    pad = int(Slot.PAD)
    assert right.codes.tolist() == [[7, 8, 9], [5, pad, pad]]
    assert left.codes.tolist() == [[7, 8, 9], [pad, pad, 5]]
    assert left.present.tolist() == [[True] * 3, [False, False, True]]
    assert torch.equal(right.learned, torch.tensor([[False, True, True], [True, False, False]]))
