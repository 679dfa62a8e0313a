from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from annotation.models import Loop, Region, RegionAnnotation
from tests.annotation.scenes import ask, make_scene
from tests.conftest import _member
from tests.verification.audits import judge_audit
from tests.verification.judgements import judge_all
from tests.verification.services.annotated import annotated_loop
from verification.models import Audit, AuditKind, AuditPopulation
from verification.selectors.accuracy import accuracy_by_loop
from verification.services.audit_draws import draw_audit, draw_requested_audit
from verification.services.samples import draw_tag_sample

pytestmark = pytest.mark.django_db

REPORT = "/p/street/loops/0/accuracy/"
TO_DRAW = "/p/street/loops/0/audits/to-draw"
DRAW, CLOSE = "/p/street/loops/0/audits/draw", "/p/street/loops/0/audits/close"


@pytest.fixture
def lead(client: Client, lea: Any) -> Client:
    client.force_login(lea)
    return client


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_lead_draws_an_audit_once_and_sees_how_far_it_is(lead: Client, project: Any) -> None:
    annotated_loop(project, {"cup": 50})
    form = {"which": "model-tag", "size": "40", "twice": "25"}
    page = words(lead.post(DRAW, form, follow=True))
    assert "is being drawn. This goes on when you leave the page." in page
    assert 'hx-trigger="every 2s"' in page
    assert 'value="model-tag"' not in page  # nothing to draw twice
    lead.post(DRAW, form | {"size": "7"})
    audit = Audit.objects.get()
    assert audit.drawn_at is None
    assert "is being drawn" in words(lead.get(TO_DRAW, headers={"HX-Request": "true"}))
    draw_requested_audit(audit.pk)
    assert lead.get(TO_DRAW, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = words(lead.get(REPORT))
    assert "40 of about 50 by equal chance" in page
    assert "every 2s" not in page
    assert "was drawn already" in words(lead.post(DRAW, form, follow=True))
    audit.refresh_from_db()
    assert (audit.size, audit.overlap_share, audit.created_by) == (40, 0.25, project.memberships.get(role="lead").user)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"which": "model-tag", "size": "0", "twice": "10"},
        {"which": "model-tag", "size": "99999999999999999999", "twice": "10"},
        {"which": "model-tag", "size": "10", "twice": "101"},
        {"which": "verified-answer", "size": "10", "twice": "1"},
        {"which": "model-answer", "size": "10", "twice": "1"},
    ],
)
def test_impossible_audits_are_refused(lead: Client, project: Any, form: dict[str, str]) -> None:
    annotated_loop(project, {"cup": 5})
    assert lead.post(DRAW, form).status_code == 400
    assert not Audit.objects.exists()


def test_what_cannot_be_audited_is_said(lead: Client, project: Any) -> None:
    annotated_loop(project, {"cup": 5})
    form = {"which": "verified-tag", "size": "10", "twice": "1"}
    lead.post(DRAW, form)
    draw_requested_audit(Audit.objects.get().pk)
    page = words(lead.get(REPORT))
    assert "could not be drawn. <bdi>Nothing of this kind is verified yet" in page
    assert "hx-trigger" not in page
    assert 'value="verified-tag"' in page  # to be tried again
    lead.post(DRAW, form | {"size": "5"})
    audit = Audit.objects.get()
    assert (audit.size, audit.error, audit.drawn_at) == (5, "", None)


def test_the_report_says_how_accurate_tags_are_and_where(lead: Client, project: Any, edo: Any) -> None:
    audit = draw_audit(loop=annotated_loop(project, {"cup": 40, "jug": 40}), size=80, overlap_share=0.5)
    judge_audit(audit, edo, right="place = 1 AND item.position < 60 OR place = 2 AND item.position >= 70")
    judge_audit(audit, _member(project, "ella", "expert"), slot=1, right="place = 1")
    page = words(lead.get(REPORT))
    assert "75.0 %" in page
    assert "64." in page
    assert "43.8 %" in page  # 70 of 160 candidates
    assert "87.5 %" in page  # any of five
    assert "80 <small>of 80 items" in page
    assert "kappa" in page
    assert "40 items twice" in page
    assert "100.0 %" in page  # both said the same
    assert "Weakest with enough items: <b" in page
    assert "spotter, small, 75" in page
    assert '<td class="heat-1"> <b>75</b><span>± 9</span>' in page
    assert "± 9" in page


def test_the_report_of_few_items_says_that_they_are_too_few(lead: Client, project: Any, edo: Any) -> None:
    audit = draw_audit(loop=annotated_loop(project, {"cup": 29}))
    judge_audit(audit, edo)
    page = words(lead.get(REPORT))
    assert "Fewer than 30 judged items" in page
    assert 'class="heat"' not in page


def test_a_band_narrows_the_table_by_size(lead: Client, project: Any, edo: Any) -> None:
    audit = draw_audit(loop=annotated_loop(project, {"cup": 60, "jug": 5, "mug": 7}), size=72)
    judge_audit(audit, edo)
    assert "<b>100</b>" in words(lead.get(REPORT, {"band": "1"}))
    assert "12 only" in words(lead.get(REPORT, {"band": "0"}))
    for wrong in ("4", "-1", "x", "²"):
        assert lead.get(REPORT, {"band": wrong}).status_code == 400


def test_accuracy_from_loop_to_loop_stands_beside_the_verified_set(
    lead: Client, project: Any, edo: Any, ana: Any
) -> None:
    zero = annotated_loop(project, {"cup": 60})
    one = Loop.objects.create(project=project, number=1, parent=zero, config_digest="1" * 64)
    judge_all(draw_tag_sample(loop=one, annotated_loop=zero), [ana])
    Loop.objects.filter(pk=one.pk).update(state="finished", finished_at="2026-01-02T00:00Z")
    judge_audit(draw_audit(loop=one, population=AuditPopulation.VERIFIED), edo, right="place = 1")
    alone = lead.get("/p/street/loops/1/accuracy/").content.decode()
    assert ("Verified by people" in alone, 'class="chart' in alone) == (True, False)  # no empty drawing
    judge_audit(draw_audit(loop=zero, size=40), edo, right="place = 1 AND item.position < 10")
    first, second = accuracy_by_loop(project.pk)
    assert first.tags is not None
    assert second.verified is not None
    assert (first.tags.value, second.verified.value) == pytest.approx((0.25, 1.0))
    assert (first.verified, second.tags, second.qa) == (None, None, None)
    for address in ("/p/street/loops/", "/p/street/loops/1/", "/p/street/loops/1/accuracy/"):
        page = words(lead.get(address))
        assert "25.0 %" in page, address
        assert "tags 25.0 % (" in page, address  # the chart's title
        assert "Verified by people" in page, address


def test_pairs_of_one_region_are_clustered(project: Any, edo: Any) -> None:
    loop = make_scene(project, photos=2, regions=20)
    for row in RegionAnnotation.objects.filter(loop_id=loop.pk):
        for ordinal in range(3):
            ask(loop, Region.objects.get(pk=row.region_id), "kettle", f"What? {ordinal}", "That.", ordinal)
    audit = draw_audit(loop=loop, task_kind=AuditKind.QA)
    judge_audit(audit, edo, right="mod(item.region_id, 2) = 0")
    (row,) = accuracy_by_loop(project.pk)
    assert row.qa is not None
    assert row.qa.value == pytest.approx(0.5)
    assert row.qa.items == 40
    # All three pairs of a region fall together, so 120 pairs are worth 40.
    assert row.qa.effective == pytest.approx(40, rel=0.05)


def test_the_lead_finishes_an_audit_with_what_is_judged(lead: Client, project: Any) -> None:
    audit = draw_audit(loop=annotated_loop(project, {"cup": 5}))
    assert "The audit is closed" in words(lead.post(CLOSE, {"audit": audit.pk}, follow=True))
    assert "closed already" in words(lead.post(CLOSE, {"audit": audit.pk}, follow=True))
    audit.refresh_from_db()
    assert not audit.is_open
    for wrong in ("", "x", str(audit.pk + 1)):
        assert lead.post(CLOSE, {"audit": wrong}).status_code == 404


def test_the_report_takes_a_fixed_number_of_queries(
    lead: Client, project: Any, edo: Any, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    judge_audit(draw_audit(loop=annotated_loop(project, {"cup": 60}), overlap_share=0), edo)
    with django_assert_max_num_queries(16):
        assert lead.get(REPORT).status_code == 200
