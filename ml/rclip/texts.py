"""From texts to token ids: open_clip's own tokenizers, and small ones of the `tokenizers` library.

CLIP's text tower reads a text at the position of its highest id, so the end token must have the highest of all. Texts
longer than the context lose their end; `truncated` says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import open_clip
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor

from .errors import RClipError

PAD: Final = "<pad>"
START: Final = ("<start>", "<|startoftext|>", "<start_of_text>")
END: Final = ("<end>", "<|endoftext|>", "<end_of_text>")
OPEN_CLIP_IDS: Final = 49_408
FILE: Final = "tokenizer.json"
FOLDER: Final = "tokenizer"


class TextTokenizer(Protocol):
    """Holds no tensors, and can be sent to other processes."""

    @property
    def name(self) -> str | None:
        """What `save` calls its file or folder; None where there is nothing to save."""

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(T, L) long, L the context length; shorter texts are padded, longer ones cut before the end token."""

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts are cut."""

    def save(self, folder: Path) -> None: ...


class JsonTokenizer:
    """A tokenizer file of the `tokenizers` library whose vocabulary has a start and an end token."""

    name = FILE

    def __init__(self, path: Path, context_length: int, vocabulary: int) -> None:
        """`vocabulary`: the number of ids that the text tower knows. Raises RClipError."""
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more special
            raise RClipError(f"{path} is no tokenizer file: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.context_length = context_length
        self._start, self._end = self._id(START, path), self._id(END, path)
        self._pad = self._tokenizer.token_to_id(PAD) or 0
        highest = max(self._tokenizer.get_vocab().values())
        if self._end != highest:
            raise RClipError(f"{path}: the end token has id {self._end}, but it must have the highest, {highest}")
        if highest >= vocabulary:
            raise RClipError(f"{path} has {highest + 1} ids, the text tower only {vocabulary}: raise its vocab_size")

    def __call__(self, texts: Sequence[str]) -> Tensor:
        ids = torch.full((len(texts), self.context_length), self._pad, dtype=torch.long)
        for row, content in zip(ids, self._contents(texts), strict=True):
            tokens = [self._start, *content[: self.context_length - 2], self._end]
            row[: len(tokens)] = torch.tensor(tokens)
        return ids

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        return [len(content) > self.context_length - 2 for content in self._contents(texts)]

    def save(self, folder: Path) -> None:
        self._tokenizer.save(str(folder / FILE))

    def _contents(self, texts: Sequence[str]) -> list[list[int]]:
        self._tokenizer.encode_special_tokens = True  # "<end>" in a text is text; not kept when sent to a process
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encoded]

    def _id(self, names: tuple[str, ...], path: Path) -> int:
        for name in names:
            if (found := self._tokenizer.token_to_id(name)) is not None:
                return int(found)
        raise RClipError(f"{path} has no token {' or '.join(names)}")


class OpenClipTokenizer:
    """One of open_clip's tokenizers: its own BPE, or a transformers tokenizer."""

    def __init__(self, tokenizer: Any, context_length: int) -> None:
        self._tokenizer = tokenizer
        self.context_length = context_length

    @property
    def name(self) -> str | None:
        return FOLDER if hasattr(self._tokenizer, "save_pretrained") else None

    def __call__(self, texts: Sequence[str]) -> Tensor:
        return self._ids(texts, self.context_length)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        cut = self._ids(texts, self.context_length)
        longer = self._ids(texts, self.context_length + 1)[:, : self.context_length]
        return [not torch.equal(one, other) for one, other in zip(cut, longer, strict=True)]

    def save(self, folder: Path) -> None:
        if self.name is not None:
            self._tokenizer.save_pretrained(str(folder / self.name))

    def _ids(self, texts: Sequence[str], length: int) -> Tensor:
        if not texts:
            return torch.zeros(0, length, dtype=torch.long)
        ids: Tensor = self._tokenizer(list(texts), context_length=length)
        return ids


def load_tokenizer(source: str | None, text: dict[str, Any]) -> TextTokenizer:
    """The tokenizer for a text tower of open_clip's `text_cfg`.

    source: a tokenizers JSON file, a folder or hub id of a transformers tokenizer, or None for open_clip's own BPE.
    Raises RClipError.
    """
    length: int = text.get("context_length", 77)
    options = text.get("tokenizer_kwargs") or {}
    vocabulary: int = text.get("vocab_size", OPEN_CLIP_IDS)
    if source is None:
        if vocabulary < OPEN_CLIP_IDS:
            raise RClipError(
                f"open_clip's tokenizer has {OPEN_CLIP_IDS} ids, the text tower {vocabulary}: name another"
            )
        return OpenClipTokenizer(open_clip.SimpleTokenizer(context_length=length, **options), length)
    path = Path(source)
    if path.suffix == ".json":
        return JsonTokenizer(path, length, vocabulary)
    from open_clip.tokenizer import HFTokenizer

    try:
        tokenizer = HFTokenizer(source, context_length=length, tokenizer_mode=text.get("tokenizer_mode"), **options)
    except (OSError, ValueError) as error:
        raise RClipError(f"{source} holds no tokenizer: {error}") from error
    return OpenClipTokenizer(tokenizer, length)


def train_tokenizer(texts: Iterable[str], vocabulary: int = 2048) -> Tokenizer:
    """A lower-case byte-level BPE of at most `vocabulary` ids, for `save(path)` and JsonTokenizer; equal texts in equal
    order give equal files."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 2,
        special_tokens=[PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([START[0], END[0]])
    return tokenizer
