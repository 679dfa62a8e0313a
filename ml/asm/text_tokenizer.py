"""Text to token ids and back, for any tokenizer of transformers, with the `<align>` token registered by its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from .errors import ConfigError

ALIGN: Final = "<align>"
BEGIN: Final = "<s>"
END: Final = "</s>"
FOLDER: Final = "tokenizer"


class TextTokenizer:
    """`vocabulary` ids stand for text; `align_id` comes after them and has no row in the language model.

    Special tokens that a user writes are read as ordinary text: only prompts place them.
    """

    def __init__(self, tokenizer: Any) -> None:
        """Raises ConfigError for a tokenizer that has no end token."""
        if tokenizer.eos_token_id is None:
            raise ConfigError("the tokenizer names no end-of-sequence token, so no answer would ever end")
        tokenizer.add_special_tokens({"additional_special_tokens": [ALIGN]}, replace_extra_special_tokens=False)
        self._tokenizer = tokenizer
        self.align_id: int = tokenizer.convert_tokens_to_ids(ALIGN)
        self.vocabulary: int = max(id_ for id_ in tokenizer.get_vocab().values() if id_ != self.align_id) + 1
        self.begin_id: int | None = tokenizer.bos_token_id
        self.end_id: int = tokenizer.eos_token_id
        # Byte-level tokenizers join the space to the word after it; others begin every text with one themselves.
        joins_spaces = len(self._ids(" a")) <= len(self._ids("a"))
        self._space = " " if joins_spaces else ""

    def encode(self, text: str, *, starts: bool = False) -> list[int]:
        """The ids of `text` in the midst of a sequence, or at its start; no special token among them."""
        return self._ids(text if starts else self._space + text)

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text.strip()

    def save(self, folder: Path) -> None:
        """Into `folder`/tokenizer, as transformers keeps it."""
        self._tokenizer.save_pretrained(folder / FOLDER)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        return ids


def load_tokenizer(source: str | None) -> TextTokenizer:
    """From a hub id, a folder, a tokenizers JSON file whose `<s>` and `</s>` begin and end texts, or None for bytes."""
    if source is None:
        return TextTokenizer(_fast(byte_tokenizer()))
    if source.endswith(".json"):
        return TextTokenizer(_fast(_json_tokenizer(source)))
    return TextTokenizer(transformers.AutoTokenizer.from_pretrained(source))


def train_tokenizer(texts: Iterable[str], *, vocabulary: int = 2000) -> Any:
    """A byte-level BPE tokenizer (a `tokenizers.Tokenizer`; `.save(path)`) for small models of a small language."""
    tokenizer = _bytewise(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[BEGIN, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_tokenizer() -> Any:
    """Two special tokens and one for each byte: reads everything, learns nothing."""
    names = [BEGIN, END, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = _bytewise(models.BPE(vocab={name: index for index, name in enumerate(names)}, merges=[]))
    tokenizer.add_special_tokens([BEGIN, END])
    return tokenizer


def _bytewise(model: Any) -> Any:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _json_tokenizer(path: str) -> Any:
    if not Path(path).is_file():
        raise ConfigError(f"language.tokenizer: {path} is missing")
    tokenizer = Tokenizer.from_file(path)
    for name in (BEGIN, END):
        if tokenizer.token_to_id(name) is None:
            raise ConfigError(f"language.tokenizer: {path} has no token {name}")
    return tokenizer


def _fast(tokenizer: Any) -> Any:
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, clean_up_tokenization_spaces=False
    )
