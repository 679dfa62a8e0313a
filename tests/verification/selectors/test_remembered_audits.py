"""What audits say is remembered, and never longer than it is true."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.verification.audits import judge_audit
from tests.verification.services.annotated import annotated_loop
from verification.models import AuditItem, AuditSlot, Takedown
from verification.selectors.accuracy import accuracy_by_loop, figures_of_loop
from verification.selectors.audits import progress_of
from verification.services.audit_draws import draw_audit
from verification.services.audits import close_audit, take_back
from verification.services.takedowns import take_down_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def audit(project: Any, edo: Any) -> Any:
    """Forty items, all judged right."""
    drawn = draw_audit(loop=annotated_loop(project, {"cup": 60}), size=40, overlap_share=0)
    judge_audit(drawn, edo)
    return drawn


def first_tags(project: Any, audit: Any) -> tuple[float, float, int]:
    """The share as the list of loops has it, as the report has it, and how many items were judged."""
    (row,) = accuracy_by_loop(project.pk)
    (figures,) = figures_of_loop(audit.loop)
    assert row.tags is not None
    assert figures.accuracy.first is not None
    return row.tags.value, figures.accuracy.first.value, figures.progress.judged


def reads(act: Any) -> list[str]:
    """Statements that read judgements."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        act()
    return [one["sql"] for one in seen.captured_queries if "verification_auditslot" in one["sql"]]


def test_closed_audits_are_read_once(project: Any, audit: Any) -> None:
    close_audit(audit=audit, user=None)
    audit.refresh_from_db()
    assert first_tags(project, audit) == (1.0, 1.0, 40)
    assert reads(lambda: first_tags(project, audit)) == []
    assert reads(lambda: progress_of([audit])) == []


def test_an_open_audit_is_counted_each_time_and_added_up_after_each_judgement(
    project: Any, audit: Any, edo: Any
) -> None:
    assert first_tags(project, audit) == (1.0, 1.0, 40)
    assert all("inclusion_probability" not in one for one in reads(lambda: first_tags(project, audit)))
    slot = AuditSlot.objects.filter(audit=audit).order_by("pk").first()
    assert slot is not None
    assert take_back(project_id=project.pk, user_id=edo.pk, slot_id=slot.pk)
    assert first_tags(project, audit) == (1.0, 1.0, 39)
    with connection.cursor() as cursor:  # judged again, otherwise: as many as before, but later
        cursor.execute(
            "UPDATE verification_auditslot SET state = 'done', choice = 'judged', right_ids = '{}', leased_until = NULL,"
            " key = gen_random_uuid(), decided_at = clock_timestamp() WHERE id = %s",
            [slot.pk],
        )
    assert first_tags(project, audit) == (pytest.approx(39 / 40), pytest.approx(39 / 40), 40)


def test_a_removed_photo_changes_what_a_closed_audit_says(project: Any, audit: Any) -> None:
    close_audit(audit=audit, user=None)
    audit.refresh_from_db()
    assert first_tags(project, audit)[2] == 40
    item = AuditItem.objects.filter(audit=audit).order_by("pk").first()
    assert item is not None
    gone = AuditItem.objects.filter(audit=audit, image_id=item.image_id).count()
    take_down_photo(project=project, user=None, reason="asked", image_id=item.image_id)
    Takedown.objects.update(completed_at=None)  # while it goes on, nothing is remembered
    assert first_tags(project, audit)[2] == 40 - gone
    assert reads(lambda: progress_of([audit]))
    Takedown.objects.update(completed_at="2026-01-02T00:00Z")
    assert first_tags(project, audit)[2] == 40 - gone
    assert reads(lambda: progress_of([audit])) == []
