"""Backends for tests: they answer what they were told to, or do what no backend should."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from annotation.pipeline.ports import Backends, ImageInput, Named, ProducerIdentity, Proposals, SourceBackend


@dataclass
class Spotting:
    caption: str
    tags: Sequence[str]


@dataclass
class Scores:
    shared: Any
    own: Any


class Fake:
    """Answers every method by the function given for it; keeps the calls."""

    def __init__(self, **methods: Callable[..., Any]) -> None:
        self.calls: list[str] = []
        for name, method in methods.items():
            setattr(self, name, self._counted(name, method))

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            return method(*arguments)

        return call


def named(backend: Any, model: str = "fake") -> Named[Any]:
    return Named(ProducerIdentity("test", model, "1", ""), backend)


def photo(image_id: int, *captions: str, width: int = 100, height: int = 80, **more: Any) -> ImageInput:
    return ImageInput(image_id, width, height, lambda: Image.new("RGB", (width, height)), captions, **more)


def flat_scores(images: Any, boxes: Any, shared: Any, own: Any) -> list[Scores]:
    """Every own candidate scores 1, the shared ones 0.9, 0.8 and so on in their order."""
    return [
        Scores(np.tile(0.9 - 0.1 * np.arange(len(tags)), (len(regions), 1)), [np.ones(len(mine)) for mine in owns])
        for regions, tags, owns in zip(boxes, shared, own, strict=True)
    ]


def backends(**roles: Any) -> Backends:
    """A roster's worth of fakes that answer sensibly; each can be replaced by name, `sources` by a list of
    (kind, localizer)."""
    defaults: dict[str, Any] = {
        "spotter": Fake(spot=lambda images: [Spotting(" ".join(i.captions), i.captions) for i in images]),
        "matcher": Fake(match=flat_scores),
        "questioner": Fake(ask=lambda tags: [[f"{word} {tag}?" for word in ("What", "Where", "How")] for tag in tags]),
        "responder": Fake(answer=lambda prompts: [[f"Yes, {q}" for q in p.questions] for p in prompts]),
        "writer": Fake(write=lambda prompts, answers: [f"A {prompt.tag}." for prompt in prompts]),
    }
    sources = roles.pop("sources", [("imported", Fake(localize=lambda images, tags: [i.imported for i in images]))])
    return Backends(
        sources=tuple(SourceBackend(kind, named(localizer, kind)) for kind, localizer in sources),
        **{role: None if fake is None else named(fake, role) for role, fake in {**defaults, **roles}.items()},
    )


def proposals(*boxes: Sequence[float], tags: Sequence[Sequence[str]] = ()) -> Proposals:
    return Proposals(np.array(boxes, dtype=np.float64).reshape(-1, 4), np.linspace(1, 0.5, len(boxes)), tags)
