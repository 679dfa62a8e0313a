"""`builtin:writer`: the answers as one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from ml.backends.values import Prompt


class JoiningWriter:
    """Writer. Answers that begin with "The <tag>" share their subject; others follow after a semicolon."""

    version = "1"

    def write(self, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]]) -> list[str]:
        return [self._write(prompt.tag, said) for prompt, said in zip(prompts, answers, strict=True)]

    def _write(self, tag: str, answers: Sequence[str]) -> str:
        subject = f"The {tag} "
        said = [answer.strip().rstrip(".") for answer in answers if answer.strip()]
        about = [answer.removeprefix(subject) for answer in said if answer.startswith(subject)]
        others = [answer for answer in said if not answer.startswith(subject)]
        if not said:
            return f"A photo of the {tag}."
        sentences = [subject + _listed(about)] if about else []
        return "; ".join((*sentences, *others)) + "."


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
