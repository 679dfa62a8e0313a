"""`builtin:responder`: answers the template questions from the pixels and the box."""

from __future__ import annotations

from collections.abc import Sequence

from ml.backends.values import Prompt

from . import templates
from .colors import crop_of, dominant_colors


class MeasuringResponder:
    """Responder for the questions of `templates`. Another question raises ValueError: it cannot be measured."""

    version = "1"

    def answer(self, prompts: Sequence[Prompt]) -> list[tuple[str, ...]]:
        return [tuple(self._answer(prompt, question) for question in prompt.questions) for prompt in prompts]

    def _answer(self, prompt: Prompt, question: str) -> str:
        tag = prompt.tag
        if question == templates.question(templates.COLOR, tag):
            colors = dominant_colors(crop_of(prompt.image, prompt.box))
            return templates.statement(tag, "is", "are", f"mostly {' and '.join(colors)}")
        if question == templates.question(templates.PLACE, tag):
            return templates.statement(tag, "is", "are", f"{_place(prompt)} of the photo")
        if question == templates.question(templates.SIZE, tag):
            return templates.statement(tag, "takes", "take", f"up {_share(prompt)} of the photo")
        raise ValueError(f"only the template questions can be answered by measuring, not {question[:80]!r}")


def _place(prompt: Prompt) -> str:
    """The ninth of the photo in which the box's centre lies, in words."""
    x1, y1, x2, y2 = prompt.box
    column = min(2, int((x1 + x2) / 2 / prompt.image.width * 3))
    row = min(2, int((y1 + y2) / 2 / prompt.image.height * 3))
    across, down = ("left", "center", "right")[column], ("upper", "middle", "lower")[row]
    if (across, down) == ("center", "middle"):
        return "in the center"
    if across == "center":
        return f"in the {down} part"
    if down == "middle":
        return f"on the {across} side"
    return f"in the {down} {across}"


def _share(prompt: Prompt) -> str:
    x1, y1, x2, y2 = prompt.box
    percent = 100 * (x2 - x1) * (y2 - y1) / (prompt.image.width * prompt.image.height)
    return "less than 1%" if percent < 1 else f"about {percent:.0f}%"
