"""A person's statement of pay as a CSV file."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from verification.models import TaskKind
from verification.selectors.pay import Period, StatementRow, statement_rows
from verification.spreadsheets import Cell, csv_lines
from webapp.accounts.models import User
from webapp.projects.models import Project


def statement(*, project: Project, person: User, period: Period) -> StreamingHttpResponse:
    """One line for each entry of the ledger; written while it is read."""
    rows = statement_rows(project_id=project.pk, user_id=person.pk, period=period)
    header = (
        *(_("Project"), _("Person"), _("Entry"), _("Time"), _("Loop"), _("Task"), _("What")),
        *(_("Seconds"), _("Amount"), _("Currency")),
    )
    lines = csv_lines(header, _cells(project.name, person.display_name, rows))
    name = f"statement-{project.slug}-{person.pk}-{period.first.isoformat()}-{period.last.isoformat()}.csv"
    return StreamingHttpResponse(
        (line.encode() for line in lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _cells(project: str, person: str, rows: Iterator[StatementRow]) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        yield (
            *(project, person, row.entry, timezone.localtime(row.at), row.loop_number),
            *(str(TaskKind(row.task_kind).label), _("withdrawn") if row.event == "withdrawn" else _("verdict")),
            *(round(row.seconds, 1), row.amount, row.currency),
        )
