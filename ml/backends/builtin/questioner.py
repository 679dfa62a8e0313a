"""`builtin:questioner`: colour, place and size, three things that a photo answers about anything."""

from __future__ import annotations

from collections.abc import Sequence

from . import templates


class TemplateQuestioner:
    """Questioner. The same three questions about every tag, answerable from the photo alone."""

    version = "1"

    def ask(self, tags: Sequence[str]) -> list[tuple[str, ...]]:
        return [tuple(templates.question(template, tag) for template in templates.QUESTIONS) for tag in tags]
