"""The roles of the pipeline as Protocols: batch in, batch out, plain numpy, PIL and str.

Every method takes a sequence and answers a sequence of the same length in the same order. Boxes are
`(n, 4)` float64 arrays `x1, y1, x2, y2` in pixels of the EXIF-rotated original, x2 and y2 exclusive. A
backend may raise, or answer nonsense, for one photo: `checks` finds it and that photo fails alone. Texts that
a backend answers are data: never instructions, never markup.

`ml` may not import this module, so its classes fit these Protocols by shape; `workers.rosters` is where mypy
proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from .roles import Role, names_of

Floats = npt.NDArray[np.float64]


def no_boxes() -> Floats:
    """An empty `(0, 4)` array of boxes."""
    return np.zeros((0, 4), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Boxes that one source proposes on one photo.

    boxes: `(n, 4)`; scores: `(n,)`, comparable only inside this source; tags: one tuple of texts per box
    (or nothing at all where the source does not name its boxes); keys: one external id or None per box (or
    nothing at all).
    """

    boxes: Floats = field(default_factory=no_boxes)
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float64))
    tags: Sequence[Sequence[str]] = ()
    keys: Sequence[str | None] = ()


@dataclass(slots=True, eq=False)
class ImageInput:
    """One photo as the backends see it.

    width and height are those of the EXIF-rotated original. `loader` decodes lazily and may give a smaller
    rendition of the photo; boxes stay in pixels of the original all the same. `imported` holds what was
    imported for the photo, so that `import:` backends are plain functions of this value.
    """

    image_id: int
    width: int
    height: int
    loader: Callable[[], Image.Image]
    captions: Sequence[str] = ()
    imported: Proposals = field(default_factory=Proposals)
    imported_tags: Sequence[str] = ()
    _pixels: Image.Image | None = field(default=None, init=False, repr=False)

    def load(self) -> Image.Image:
        """The photo's pixels, RGB, decoded on the first call. Raises what the loader raises."""
        if self._pixels is None:
            image = self.loader()
            self._pixels = image if image.mode == "RGB" else image.convert("RGB")
        return self._pixels

    def release(self) -> None:
        """Forget the pixels; the next `load` decodes again."""
        self._pixels = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text that may name a region.

    roles: who proposed it; rank: its place in the list of the role that put it forward first (0 = first);
    parent: for a part or a relative, the tag it was derived from.
    """

    text: str
    roles: Role
    rank: int = 0
    parent: str | None = None

    @property
    def role_names(self) -> tuple[str, ...]:
        return names_of(self.roles)


@dataclass(frozen=True, slots=True)
class RegionPrompt:
    """One region, its tag and the questions asked about it."""

    image: ImageInput
    box: tuple[float, float, float, float]
    tag: str
    questions: tuple[str, ...]


class ProposalsLike(Protocol):
    """What a localizer answers for one photo; see `Proposals`."""

    @property
    def boxes(self) -> Floats: ...
    @property
    def scores(self) -> Floats: ...
    @property
    def tags(self) -> Sequence[Sequence[str]]: ...
    @property
    def keys(self) -> Sequence[str | None]: ...


class SpottingLike(Protocol):
    """What a spotter answers for one photo: its caption ("" if none) and tags, most prominent first."""

    @property
    def caption(self) -> str: ...
    @property
    def tags(self) -> Sequence[str]: ...


class ScoresLike(Protocol):
    """What a matcher answers for one photo of n regions.

    shared: `(n, k)` scores of the k image-level candidates; own: one `(m_i,)` array per region for the
    candidates of that region alone. Higher is better; scores need not be probabilities, but are finite.
    """

    @property
    def shared(self) -> Floats: ...
    @property
    def own(self) -> Sequence[Floats]: ...


class Localizer(Protocol):
    def localize(self, images: Sequence[ImageInput], tags: Sequence[Sequence[str]]) -> Sequence[ProposalsLike]:
        """Proposes boxes. `tags` are the image-level tags of each photo; grounding sources look for them."""
        ...


class Spotter(Protocol):
    def spot(self, images: Sequence[ImageInput]) -> Sequence[SpottingLike]:
        """Captions each photo and lists its prominent objects."""
        ...


class OCR(Protocol):
    def read(self, images: Sequence[ImageInput]) -> Sequence[Sequence[str]]:
        """Texts that are written in each photo."""
        ...


class Imaginator(Protocol):
    def imagine(self, captions: Sequence[str], tags: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Objects plausible in each scene, given its caption ("" if none) and the spotter's tags."""
        ...


class Splitter(Protocol):
    def split(self, tags: Sequence[str]) -> Sequence[Sequence[str]]:
        """Parts of each tag; empty for what has none (water, sky)."""
        ...


class Magnifier(Protocol):
    def magnify(self, images: Sequence[ImageInput], boxes: Sequence[Floats]) -> Sequence[Sequence[Sequence[str]]]:
        """Per photo and per box, tags for that region alone, from its crop."""
        ...


class Matcher(Protocol):
    def match(
        self,
        images: Sequence[ImageInput],
        boxes: Sequence[Floats],
        shared: Sequence[Sequence[Candidate]],
        own: Sequence[Sequence[Sequence[Candidate]]],
    ) -> Sequence[ScoresLike]:
        """Scores every region of each photo against the photo's candidates and the region's own."""
        ...


class Segmenter(Protocol):
    def cover(
        self, images: Sequence[ImageInput], boxes: Sequence[Floats], tags: Sequence[Sequence[Sequence[str]]]
    ) -> Sequence[Sequence[Floats]]:
        """Per photo and region, for each of its tags, the share of the box (0 to 1) that it covers."""
        ...


class Questioner(Protocol):
    def ask(self, tags: Sequence[str]) -> Sequence[Sequence[str]]:
        """Three questions about each tag, answerable from a photo of it."""
        ...


class Responder(Protocol):
    def answer(self, prompts: Sequence[RegionPrompt]) -> Sequence[Sequence[str]]:
        """One answer per question of each prompt."""
        ...


class Writer(Protocol):
    def write(self, prompts: Sequence[RegionPrompt], answers: Sequence[Sequence[str]]) -> Sequence[str]:
        """One sentence per region from its tag and the answers to its questions; a writer may look at the region."""
        ...


T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ProducerIdentity:
    """Who makes a machine annotation: backend prefix, model, version and the digest of its options."""

    backend: str
    model: str
    version: str
    config_digest: str

    @property
    def name(self) -> str:
        """As it stands in a roster: `builtin:spotter`."""
        return f"{self.backend}:{self.model}"


@dataclass(frozen=True, slots=True)
class Named(Generic[T_co]):
    """A backend with its identity, for error texts and for the rows that it makes."""

    producer: ProducerIdentity
    backend: T_co

    @property
    def name(self) -> str:
        return self.producer.name


@dataclass(frozen=True, slots=True)
class SourceBackend:
    """A proposal source that is ready to run: its kind (a key of `roles.SOURCE_ROLES`) and its localizer."""

    kind: str
    localizer: Named[Localizer]


@dataclass(frozen=True, slots=True)
class Backends:
    """The loaded backends of a roster. None: the roster does without this role."""

    sources: tuple[SourceBackend, ...]
    spotter: Named[Spotter]
    matcher: Named[Matcher]
    questioner: Named[Questioner]
    responder: Named[Responder]
    writer: Named[Writer]
    ocr: Named[OCR] | None = None
    imaginator: Named[Imaginator] | None = None
    splitter: Named[Splitter] | None = None
    magnifier: Named[Magnifier] | None = None
    segmenter: Named[Segmenter] | None = None
