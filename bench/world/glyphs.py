"""Pictures of single things: emoji from the font, and boards with words; cut out, tinted, turned, sized."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from .colours import tinted
from .concepts import BY_NAME
from .seeds import WorldError

FONT: Final = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
_FONT_SIZE: Final = 109  # the only one that the font's bitmaps have
_OPAQUE: Final = 128
_BOARD: Final = (250, 246, 232, 255)
_INK: Final = (40, 44, 60, 255)


@dataclass(frozen=True, slots=True)
class Look:
    """How a thing is drawn. width, height: px before turning; angle: degrees anticlockwise; text: word of a sign."""

    concept: str
    width: int
    height: int
    angle: float = 0.0
    mirrored: bool = False
    tint: str = ""
    text: str = ""


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(str(FONT), _FONT_SIZE)
    except OSError as error:
        raise WorldError(f"The font {FONT} is missing: install the package fonts-noto-color-emoji.") from error


@lru_cache(maxsize=1024)
def glyph(concept: str, tint: str = "") -> Image.Image:
    """RGBA picture of an emoji, about 120 px, cut to what is drawn."""
    if tint:
        return tinted(glyph(concept), tint)
    canvas = Image.new("RGBA", (160, 160), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((8, 8), BY_NAME[concept].character, font=_font(), embedded_color=True)
    # Drawing on nothing leaves colours multiplied by their opacity: read as they are, edges would come out dark.
    canvas = Image.frombytes("RGBa", canvas.size, canvas.tobytes()).convert("RGBA")
    drawn = canvas.getbbox()
    if drawn is None:
        raise WorldError(f"The font {FONT} has no picture for “{concept}”.")
    return canvas.crop(drawn)


def proportions(concept: str, text: str = "") -> float:
    """Width over height of a thing before it is turned."""
    if text:
        return 0.9 + 0.42 * len(text)
    picture = glyph(concept)
    return picture.width / picture.height


@lru_cache(maxsize=64)  # a scene is laid out and then drawn from the same stamps
def stamp(look: Look) -> Image.Image:
    """The RGBA picture as it is pasted, cut to its opaque part."""
    if look.text:
        return board(look.text, look.width, look.height)
    picture = glyph(look.concept, look.tint).resize((look.width, look.height), Image.Resampling.BICUBIC, reducing_gap=2)
    if look.mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if look.angle:
        picture = picture.rotate(look.angle, Image.Resampling.BILINEAR, expand=True)
    drawn = opaque(picture).getbbox()
    return picture.crop(drawn) if drawn else picture


def opaque(picture: Image.Image) -> Image.Image:
    """Mask (mode L, 0 or 255) of the pixels that count as the thing."""
    return picture.getchannel("A").point(lambda alpha: 255 if alpha >= _OPAQUE else 0)


def board(text: str, width: int, height: int) -> Image.Image:
    """A framed board of the given size with a word as large as it allows."""
    picture = Image.new("RGBA", (width, height), _BOARD)
    drawing = ImageDraw.Draw(picture)
    frame = max(1, height // 14)
    drawing.rectangle((0, 0, width - 1, height - 1), outline=_INK, width=frame)
    size = height * 0.62
    font = ImageFont.load_default(size)
    room = width - 4 * frame
    length = font.getlength(text)
    if length > room:
        font = ImageFont.load_default(size * room / length)
    drawing.text((width / 2, height / 2), text, font=font, fill=_INK, anchor="mm")
    return picture
