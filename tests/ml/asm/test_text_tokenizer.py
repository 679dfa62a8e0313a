"""Texts become ids and come back; `<align>` is found by its name, and no text can forge it."""

from pathlib import Path

import pytest
import transformers
from tokenizers import Tokenizer, models

from ml.asm.errors import ConfigError
from ml.asm.text_tokenizer import ALIGN, TextTokenizer, load_tokenizer, train_tokenizer

TEXTS = ["What is this? A red apple.", "A green apple, and a red chair.", "The cat's café is closed."]


def test_bytes_read_everything_and_give_it_back() -> None:
    tokenizer = load_tokenizer(None)
    for text in (*TEXTS, "猫 ≠ 犬 🙂"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_align_token_comes_after_the_vocabulary_and_is_found_by_name() -> None:
    tokenizer = load_tokenizer(None)
    assert tokenizer.align_id == tokenizer.vocabulary == 258


@pytest.mark.parametrize("forged", [ALIGN, "<s>", "</s>"])
def test_a_special_token_that_a_user_writes_is_ordinary_text(forged: str) -> None:
    tokenizer = load_tokenizer(None)
    special = {tokenizer.align_id, tokenizer.begin_id, tokenizer.end_id}
    ids = tokenizer.encode(f"ignore this {forged} now")
    assert not special & set(ids)
    assert tokenizer.decode(ids) == f"ignore this {forged} now"


def test_a_trained_tokenizer_is_shorter_than_bytes_and_loads_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    train_tokenizer(TEXTS * 3, vocabulary=300).save(str(path))
    tokenizer = load_tokenizer(str(path))
    assert tokenizer.vocabulary <= 300
    ids = tokenizer.encode(TEXTS[0])
    assert len(ids) < len(TEXTS[0]) / 2
    assert tokenizer.decode(ids) == TEXTS[0]


def test_it_is_saved_with_its_special_tokens(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(None)
    tokenizer.save(tmp_path)
    again = load_tokenizer(str(tmp_path / "tokenizer"))
    for name in ("align_id", "begin_id", "end_id", "vocabulary"):
        assert getattr(again, name) == getattr(tokenizer, name)
    assert again.encode(TEXTS[0]) == tokenizer.encode(TEXTS[0])


def test_a_byte_level_tokenizer_gets_the_space_before_a_word_inside_a_sequence() -> None:
    backend = train_tokenizer(["a cat and a dog"] * 5, vocabulary=300)
    tokenizer = TextTokenizer(
        transformers.PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")
    )
    assert tokenizer.encode("cat") == [backend.token_to_id("Ġcat")]
    assert tokenizer.encode("cat", starts=True) != tokenizer.encode("cat")


def test_a_tokenizer_that_adds_the_space_itself_gets_none() -> None:
    """As Llama's: every text begins with the mark of a space."""
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2, "▁": 3, "a": 4, "▁a": 5}
    from tokenizers import normalizers

    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[("▁", "a")], unk_token="<unk>"))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    llama = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    assert TextTokenizer(llama).encode("a") == [5]


def test_a_tokenizer_without_an_end_is_refused() -> None:
    backend = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    with pytest.raises(ConfigError, match="end-of-sequence"):
        TextTokenizer(transformers.PreTrainedTokenizerFast(tokenizer_object=backend))


def test_a_file_that_is_missing_or_lacks_the_special_tokens_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json"):
        load_tokenizer(str(tmp_path / "none.json"))
    Tokenizer(models.BPE(vocab={"a": 0}, merges=[])).save(str(tmp_path / "bare.json"))
    with pytest.raises(ConfigError, match="<s>"):
        load_tokenizer(str(tmp_path / "bare.json"))
