"""What somebody asks of an export, checked: kind, format, and filters from an allow-list."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Required, TypedDict, Unpack

from django.utils.translation import gettext as _

from annotation.models import Concept, ConceptKind, Loop
from annotation.pipeline.concepts import normalise
from verification.exports.filters import MOST_CONCEPTS, SIZES, SOURCES, Filters
from verification.exports.formats.registry import FORMATS
from verification.models import ExportFormat, ExportKind
from verification.services.export_files import Wanted
from webapp.core.errors import BadInput
from webapp.projects.models import Project


class Choices(TypedDict, total=False):
    """What can be asked.

    concepts: names as people write them; sizes: names of size classes; sources: who proposed the tag; since, until:
    days (UTC) of the last judgement; with_photos: put the photos into the file.
    """

    kind: Required[str]
    format: str
    with_photos: bool
    loop: int | None
    concepts: Sequence[str]
    sizes: Sequence[str]
    sources: Sequence[str]
    since: date | None
    until: date | None


def wanted_export(*, project: Project, **choices: Unpack[Choices]) -> Wanted:
    """What to write. Raises BadInput for what is unknown, and for what does not go together."""
    kind = _one_of(choices["kind"], ExportKind.values, _("There is no export of kind “%(value)s”."))
    name = choices.get("format", ExportFormat.JSONL)
    file_format = FORMATS[ExportFormat(_one_of(name, ExportFormat.values, _("There is no format “%(value)s”.")))]
    if kind not in file_format.kinds:
        raise BadInput(
            _("%(format)s cannot hold %(kind)s. Choose one of: %(known)s.")
            % {"format": file_format.name, "kind": kind, "known": ", ".join(sorted(file_format.kinds))}
        )
    if choices.get("with_photos") and not file_format.holds_photos:
        raise BadInput(_("%(format)s holds no photos. Leave them out, or choose yolo.") % {"format": file_format.name})
    filters = Filters(
        loop=_loop(project, choices.get("loop")),
        concepts=_concepts(choices.get("concepts", ())),
        sizes=_listed(choices.get("sizes", ()), SIZES, _("There is no size “%(value)s”.")),
        sources=_listed(choices.get("sources", ()), SOURCES, _("There is no source “%(value)s”.")),
        since=choices.get("since"),
        until=choices.get("until"),
    )
    if filters.since and filters.until and filters.since > filters.until:
        raise BadInput(_("The first day lies after the last one. Exchange them."))
    if filters.sources and kind == ExportKind.QA:
        raise BadInput(_("Questions have no source to filter by. Leave the sources open."))
    return Wanted(project, ExportKind(kind), file_format.name, filters, bool(choices.get("with_photos")))


def _loop(project: Project, loop: int | None) -> int | None:
    if loop is None:
        return None
    numbers = list(Loop.objects.filter(project=project).order_by("number").values_list("number", flat=True))
    if loop not in numbers:
        known = ", ".join(str(number) for number in numbers) or _("none yet")
        raise BadInput(_("This project has no loop %(loop)s. Its loops: %(known)s.") % {"loop": loop, "known": known})
    return loop


def _concepts(names: Iterable[str]) -> tuple[str, ...]:
    """Normalised, each once, in their order."""
    texts = tuple(dict.fromkeys(text for name in names if (text := normalise(name))))
    if len(texts) > MOST_CONCEPTS:
        raise BadInput(
            _("At most %(most)s tags can be named. Export more and filter the file.") % {"most": MOST_CONCEPTS}
        )
    known = set(Concept.objects.filter(kind=ConceptKind.TAG, text__in=texts).values_list("text", flat=True))
    unknown = [text for text in texts if text not in known]
    if unknown:
        raise BadInput(_("There is no tag “%(tag)s”. Write it as Explore shows it.") % {"tag": unknown[0]})
    return texts


def _listed(values: Iterable[str], known: Iterable[str], refusal: str) -> tuple[str, ...]:
    """In the order of `known`, each once."""
    order = list(known)
    wanted = {_one_of(value, order, refusal) for value in values}
    return tuple(value for value in order if value in wanted)


def _one_of(value: str, known: Sequence[str], refusal: str) -> str:
    if value not in known:
        choose = _("Choose one of: %(known)s.") % {"known": ", ".join(known)}
        raise BadInput(f"{refusal % {'value': value[:100]}} {choose}")
    return value
