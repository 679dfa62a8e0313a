"""Texts in the photo, where Tesseract is installed."""

import shutil

import pytest
from PIL import Image, ImageDraw, ImageFont

from ml.backends.builtin.ocr import TesseractOCR, lines_of
from tests.ml.backends.photos import TestPhoto

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def word(line: int, confidence: float, text: str) -> str:
    return f"5\t1\t1\t1\t{line}\t1\t0\t0\t9\t9\t{confidence}\t{text}\n"


def test_sure_words_of_a_line_belong_together() -> None:
    tsv = HEADER + word(1, 96, "STOP") + word(1, 91, "HERE") + word(2, 95, "Café") + word(2, 20, "noise")
    assert lines_of(tsv, 70) == ("STOP HERE", "Café")


def test_strokes_repeats_and_quotes() -> None:
    tsv = HEADER + word(1, 96, "|") + word(2, 96, '"OPEN') + word(3, 96, '"OPEN') + word(4, -1, "")
    assert lines_of(tsv, 70) == ('"OPEN',)
    assert lines_of(HEADER, 70) == ()
    assert lines_of("", 70) == ()


def test_without_the_program_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="tesseract-ocr"):
        TesseractOCR()


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs tesseract-ocr")
def test_a_sign_is_read() -> None:
    image = Image.new("RGB", (400, 120), "white")
    ImageDraw.Draw(image).text((30, 30), "COFFEE SHOP", fill="black", font=ImageFont.load_default(48))
    blank = Image.new("RGB", (200, 100), "white")
    texts = TesseractOCR().read([TestPhoto(image, 400, 120), TestPhoto(blank, 200, 100)])
    assert texts == [("COFFEE SHOP",), ()]


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs tesseract-ocr")
def test_a_language_is_a_code_and_no_option() -> None:
    with pytest.raises(ValueError, match="language"):
        TesseractOCR(language="--help")
