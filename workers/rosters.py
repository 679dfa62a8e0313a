"""From a roster's names to backends that can run.

The one place where the application's Protocols and the backends of `ml` meet: mypy checks here that each
class fits its role. Backends are imported when they are first asked for: without the packages of learned models, all
others work.

`rclip:NAME` and `asm:NAME` are checkpoint folders below ARGUS_MODELS_DIR. A roster is written in a web page, so NAME
cannot leave that folder and no option is a path.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from annotation.pipeline import ports
from annotation.pipeline.ports import Backends, Named, ProducerIdentity, SourceBackend
from annotation.pipeline.rosters import BackendChoice, Roster, RosterError, canonical_json, digest_of


def _proposals(**options: Any) -> ports.Localizer:
    from ml.backends.builtin.proposals import SegmentProposals

    return SegmentProposals(**options)


def _spotter(**options: Any) -> ports.Spotter:
    from ml.backends.builtin.spotter import CaptionSpotter

    return CaptionSpotter(**options)


def _ocr(**options: Any) -> ports.OCR:
    from ml.backends.builtin.ocr import TesseractOCR

    return TesseractOCR(**options)


def _imaginator(**options: Any) -> ports.Imaginator:
    from ml.backends.builtin.imaginator import TableImaginator

    return TableImaginator(**options)


def _splitter(**options: Any) -> ports.Splitter:
    from ml.backends.builtin.splitter import WordNetSplitter

    return WordNetSplitter(**options)


def _matcher(**options: Any) -> ports.Matcher:
    from ml.backends.builtin.matcher import SourcePrior

    return SourcePrior(**options)


def _questioner(**options: Any) -> ports.Questioner:
    from ml.backends.builtin.questioner import TemplateQuestioner

    return TemplateQuestioner(**options)


def _responder(**options: Any) -> ports.Responder:
    from ml.backends.builtin.responder import MeasuringResponder

    return MeasuringResponder(**options)


def _writer(**options: Any) -> ports.Writer:
    from ml.backends.builtin.writer import JoiningWriter

    return JoiningWriter(**options)


def _starter_clip(**options: Any) -> ports.Matcher:
    from ml.backends.builtin.starter_clip import StarterClip

    return StarterClip(**options)


def _starter_responder(**options: Any) -> ports.Responder:
    from ml.backends.builtin.starter_asm import StarterResponder

    return StarterResponder(**options)


def _starter_writer(**options: Any) -> ports.Writer:
    from ml.backends.builtin.starter_asm import StarterWriter

    return StarterWriter(**options)


def _rclip_matcher(folder: Path, /, **options: Any) -> ports.Matcher:
    from ml.backends.rclip.matcher import RClipMatcher

    return RClipMatcher(folder, **options)


def _asm_matcher(folder: Path, /, **options: Any) -> ports.Matcher:
    from ml.backends.asm.matcher import ASMMatcher

    return ASMMatcher(folder, **options)


def _asm_magnifier(folder: Path, /, **options: Any) -> ports.Magnifier:
    from ml.backends.asm.magnifier import ASMMagnifier

    return ASMMagnifier(folder, **options)


def _asm_responder(folder: Path, /, **options: Any) -> ports.Responder:
    from ml.backends.asm.responder import ASMResponder

    return ASMResponder(folder, **options)


def _asm_writer(folder: Path, /, **options: Any) -> ports.Writer:
    from ml.backends.asm.writer import ASMWriter

    return ASMWriter(folder, **options)


def _imported_boxes(**options: Any) -> ports.Localizer:
    from ml.backends.imported.boxes import ImportedBoxes

    return ImportedBoxes(**options)


def _imported_captions(**options: Any) -> ports.Spotter:
    from ml.backends.imported.captions import ImportedCaptions

    return ImportedCaptions(**options)


FACTORIES: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("localizer", "builtin:proposals"): _proposals,
    ("localizer", "import:boxes"): _imported_boxes,
    ("spotter", "builtin:spotter"): _spotter,
    ("spotter", "import:captions"): _imported_captions,
    ("ocr", "builtin:ocr"): _ocr,
    ("imaginator", "builtin:imaginator"): _imaginator,
    ("splitter", "builtin:splitter"): _splitter,
    ("matcher", "builtin:matcher"): _matcher,
    ("questioner", "builtin:questioner"): _questioner,
    ("responder", "builtin:responder"): _responder,
    ("writer", "builtin:writer"): _writer,
    ("matcher", "builtin:starter-clip"): _starter_clip,
    ("responder", "builtin:starter-asm"): _starter_responder,
    ("writer", "builtin:starter-asm"): _starter_writer,
}
"""(role, name) -> factory that takes the roster's options."""

CHECKPOINTS: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("matcher", "rclip"): _rclip_matcher,
    ("matcher", "asm"): _asm_matcher,
    ("magnifier", "asm"): _asm_magnifier,
    ("responder", "asm"): _asm_responder,
    ("writer", "asm"): _asm_writer,
}
"""(role, prefix) -> factory that takes a checkpoint folder and the roster's options."""

LATER_PREFIXES: Final[Mapping[str, str]] = {
    "hf": "transformers and open_clip models",
    "openai": "OpenAI-compatible endpoints",
}
"""Prefixes that rosters may name one day, and that this build has no backends for."""

EXTRAS: Final[Mapping[str, str]] = {"skimage": "worker"}
"""Package -> the extra of this project that brings it; all others that a backend may miss come with `models`."""

MAX_LISTED: Final = 20
"""Checkpoints that a message names."""


def load_backend(role: str, choice: BackendChoice) -> Named[Any]:
    """The backend that a roster chose for a role. Raises RosterError if there is none, or not with these
    options; the message lists what exists."""
    factory = _factory(role, choice.backend)
    try:
        backend = factory(**choice.options)
    except ModuleNotFoundError as error:
        raise RosterError(f"{role} {choice.backend}: {_not_installed(error)}") from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise RosterError(f"{role} {choice.backend}: {error}") from error
    return Named(producer_identity(backend, choice), backend)


def producer_identity(backend: object, choice: BackendChoice) -> ProducerIdentity:
    """Who a machine annotation is by: backend, model, version, and the digest of the effective options.

    Defaults are part of the digest, so that an option spelt out and the same option left out are one producer.
    """
    prefix, model = choice.backend.split(":", 1)
    parameters = inspect.signature(type(backend)).parameters.values()
    options = [item for item in parameters if item.kind is not inspect.Parameter.POSITIONAL_ONLY]
    defaults = {item.name: item.default for item in options if item.default is not inspect.Parameter.empty}
    return ProducerIdentity(
        backend=prefix,
        model=model,
        version=str(getattr(backend, "version", "")),
        config_digest=digest_of({**defaults, **choice.options}),
    )


def checkpoint_folder(name: str) -> Path:
    """The folder of a checkpoint below ARGUS_MODELS_DIR. Raises RosterError where the name leaves it, or where it is
    missing; the message lists what is there."""
    models = Path(settings.ARGUS_MODELS_DIR)
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise RosterError(f"{name!r} is no name of a checkpoint: it must be a folder below ARGUS_MODELS_DIR")
    folder = models / name
    if not folder.is_dir():
        there = sorted(path.parent.relative_to(models).as_posix() for path in models.glob("**/model.safetensors"))
        listed = f"there are: {', '.join(there[:MAX_LISTED])}" if there else "there is none yet"
        raise RosterError(f"there is no checkpoint {name!r} in {models}; {listed}")
    return folder


def load_roster(roster: Roster) -> Backends:
    """All backends of the roster, each made once. Raises RosterError for the first that cannot be loaded."""

    def optional(role: str, choice: BackendChoice | None) -> Named[Any] | None:
        return None if choice is None else load_backend(role, choice)

    return Backends(
        sources=tuple(
            SourceBackend(kind=source.kind, localizer=load_backend("localizer", source)) for source in roster.sources
        ),
        spotter=load_backend("spotter", roster.spotter),
        matcher=load_backend("matcher", roster.matcher),
        questioner=load_backend("questioner", roster.questioner),
        responder=load_backend("responder", roster.responder),
        writer=load_backend("writer", roster.writer),
        ocr=optional("ocr", roster.ocr),
        imaginator=optional("imaginator", roster.imaginator),
        splitter=optional("splitter", roster.splitter),
        magnifier=optional("magnifier", roster.magnifier),
        segmenter=optional("segmenter", roster.segmenter),
    )


@lru_cache(maxsize=4)
def _cached(roster_json: str) -> Backends:
    return load_roster(Roster.model_validate_json(roster_json))


def backends_of(roster: Roster) -> Backends:
    """`load_roster`, kept for the life of the worker process: models load once."""
    return _cached(canonical_json(roster.model_dump(mode="json")))


def _factory(role: str, name: str) -> Callable[..., Any]:
    prefix, model = name.split(":", 1)
    if (factory := FACTORIES.get((role, name))) is not None:
        return factory
    if (of_checkpoint := CHECKPOINTS.get((role, prefix))) is not None:
        return partial(of_checkpoint, checkpoint_folder(model))
    raise RosterError(_unknown(role, name))


def _not_installed(error: ModuleNotFoundError) -> str:
    package = (error.name or "").split(".")[0]
    extra = EXTRAS.get(package, "models")
    return f"the package {package} is not installed here: pip install 'argus-data-engine[{extra}]'"


def _unknown(role: str, name: str) -> str:
    prefix = name.split(":", 1)[0]
    known = sorted(model for at_role, model in FACTORIES if at_role == role)
    known += sorted(f"{with_prefix}:NAME" for at_role, with_prefix in CHECKPOINTS if at_role == role)
    offered = f"for the {role} there are: {', '.join(known)}" if known else f"no backend of this build is a {role}"
    if prefix in LATER_PREFIXES:
        return f"{name}: {LATER_PREFIXES[prefix]} ({prefix}:) are not installed in this build; {offered}"
    if any(model == name for _, model in FACTORIES) or any(known == prefix for _, known in CHECKPOINTS):
        return f"{name} cannot serve as {role}; {offered}"
    return f"{name} is no backend that this build knows; {offered}"
