"""`builtin:ocr`: texts in the photo, read by the Tesseract program where it is installed."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from ml.backends.values import Photo

_WORD_LEVEL: Final = "5"
_MAX_LENGTH: Final = 100


class TesseractOCR:
    """OCR. One process per photo. Raises RuntimeError when the program is missing or fails, TimeoutError
    when it takes too long.

    confidence: words below it (0 to 100) are dropped; max_tags: lines per photo; timeout: seconds per photo.
    """

    version = "1"

    def __init__(
        self, *, language: str = "eng", confidence: float = 70.0, max_tags: int = 10, timeout: float = 30.0
    ) -> None:
        program = shutil.which("tesseract")
        if program is None:
            raise RuntimeError("builtin:ocr needs the tesseract program (Debian package tesseract-ocr)")
        if not language.replace("_", "").replace("+", "").isalnum():
            raise ValueError(f"language must be a Tesseract code such as eng, not {language!r}")
        self.program = program
        self.language = language
        self.confidence = confidence
        self.max_tags = max_tags
        self.timeout = timeout

    def read(self, images: Sequence[Photo]) -> list[tuple[str, ...]]:
        return [self._read(image) for image in images]

    def _read(self, image: Photo) -> tuple[str, ...]:
        png = io.BytesIO()
        image.load().save(png, "PNG", compress_level=1)
        command = [self.program, "stdin", "stdout", "-l", self.language, "--psm", "11", "tsv"]
        environment = {"PATH": os.environ.get("PATH", ""), "OMP_THREAD_LIMIT": "1"}
        if "TESSDATA_PREFIX" in os.environ:
            environment["TESSDATA_PREFIX"] = os.environ["TESSDATA_PREFIX"]
        try:
            done = subprocess.run(
                command, input=png.getvalue(), capture_output=True, timeout=self.timeout, env=environment, check=False
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"tesseract took longer than {self.timeout:g} s") from None
        if done.returncode:
            raise RuntimeError(f"tesseract failed: {done.stderr.decode(errors='replace').strip()[:200]}")
        return lines_of(done.stdout.decode(errors="replace"), self.confidence)[: self.max_tags]


def lines_of(tsv: str, confidence: float) -> tuple[str, ...]:
    """The lines of Tesseract's TSV, of words at or above the confidence, each once, in reading order."""
    lines: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = (row["text"] or "").strip()
        if row["level"] == _WORD_LEVEL and float(row["conf"]) >= confidence and _is_word(word):
            lines[row["block_num"], row["par_num"], row["line_num"]].append(word)
    texts = [" ".join(words)[:_MAX_LENGTH].strip() for words in lines.values()]
    return tuple(dict.fromkeys(texts))


def _is_word(word: str) -> bool:
    """At least two letters or digits: single strokes are mostly edges of things."""
    return sum(char.isalnum() for char in word) >= 2
