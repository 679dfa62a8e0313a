"""Exports as the pages show them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from verification.models import Export
from webapp.core.errors import NotFound
from webapp.projects.models import Project

PAGE = 20


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Exports, newest first; `older` is the id to continue after, None on the last page."""

    exports: list[Export]
    older: int | None


def exports_page(*, project: Project, before: int | None = None) -> ExportPage:
    """The newest exports of a project, or those made before the export with id `before`."""
    found = Export.objects.filter(project=project).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    exports = [_within(project, export) for export in found[: PAGE + 1]]
    return ExportPage(exports[:PAGE], exports[PAGE - 1].pk if len(exports) > PAGE else None)


def export_of(*, project: Project, export_id: int) -> Export:
    """Raises NotFound, also for an export of another project."""
    export = Export.objects.filter(project=project, pk=export_id).first()
    if export is None:
        raise NotFound(_("There is no such export in this project."))
    return _within(project, export)


def _within(project: Project, export: Export) -> Export:
    export.project = project  # known already: no query for it
    return export
