"""The qualifying round: nobody new is given work before they have shown that they judge as the experts do."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from verification.models import (
    PackageItem,
    Qualification,
    QualifyingAnswer,
    ReviewPackage,
    Ruling,
    SampleItem,
    Standing,
    Verdict,
)
from verification.selectors.qualifying import known_items, standing_of
from verification.services.qualifying import answer_item, set_up_round, switch_round_off
from verification.services.queue import lease_items, release_items
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Membership

pytestmark = pytest.mark.django_db


def member(project: Any, name: str) -> Any:
    from webapp.accounts.models import User

    user = User.objects.create_user(name, f"{name}@example.org")
    Membership.objects.create(project=project, user=user, role="annotator")
    return user


@pytest.fixture
def known(project: Any, edo: Any) -> list[SampleItem]:
    """Six items that ada judged, the first tag of each wrong, and that edo agreed with; four more are open."""
    ada = member(project, "ada")
    items = items_of(make_sample(project, items=10))[:6]
    package = ReviewPackage.objects.create(
        project=project, sample=items[0].sample, author=ada, size=6, threshold=0.95, state="accepted", expert=edo
    )
    for place, item in enumerate(items):
        judge(item, ada, "milk jug")
        verdict = Verdict.objects.get(item=item)
        packed = PackageItem.objects.create(
            package=package, item=item, position=place, verdict_ids=[verdict.pk], rejected_ids=verdict.rejected_ids
        )
        Ruling.objects.create(package_item=packed, expert=edo, agrees=True, rejected_ids=verdict.rejected_ids)
    release_items(project_id=project.pk, user_id=ada.pk)
    return items


def open_round(project: Any, lea: Any, known: list[SampleItem], *, size: int = 3, pass_mark: float = 0.6) -> None:
    set_up_round(project=project, user=lea, item_ids=[item.pk for item in known], size=size, pass_mark=pass_mark)


def attempt(project: Any, user: Any, *right: bool) -> list[bool]:
    """Answer one item after the other, rightly or not; what the feedback said."""
    told = []
    for is_right in right:
        now = standing_of(project_id=project.pk, user_id=user.pk)
        assert now.item is not None
        rejected = now.item.rejected_ids if is_right else []
        feedback = answer_item(
            project=project, user=user, item_id=now.item.pk, attempt=now.attempt, rejected_ids=rejected
        )
        told.append(feedback.answer.is_right)
    return told


def is_given_work(project: Any, user: Any) -> bool:
    return bool(lease_items(project_id=project.pk, user_id=user.pk, count=1))


def test_only_what_experts_agreed_with_is_known(project: Any, known: list[SampleItem]) -> None:
    assert {item.item_id for item in known_items(project_id=project.pk)} == {item.pk for item in known}
    ruling = Ruling.objects.latest("pk")
    Ruling.objects.filter(pk=ruling.pk).update(agrees=False, reason="other")
    assert ruling.package_item.item_id not in {item.item_id for item in known_items(project_id=project.pk)}
    ReviewPackage.objects.update(state="reviewing")
    assert known_items(project_id=project.pk) == []


def test_new_annotators_are_given_work_once_they_passed_and_others_go_on(
    project: Any, ana: Any, lea: Any, known: list[SampleItem]
) -> None:
    open_round(project, lea, known)
    ada = Verdict.objects.first().annotator  # type: ignore[union-attr]
    assert is_given_work(project, ada)
    assert not is_given_work(project, ana)
    assert attempt(project, ana, True, False, True) == [True, False, True]
    assert (Qualification.objects.get(person=ana).right, is_given_work(project, ana)) == (2, True)
    assert not Verdict.objects.filter(annotator=ana).exists()


def test_who_fails_tries_again_with_a_new_draw_of_items(
    project: Any, ana: Any, lea: Any, known: list[SampleItem]
) -> None:
    open_round(project, lea, known)
    attempt(project, ana, False, False, True)
    now = standing_of(project_id=project.pk, user_id=ana.pk)
    assert (now.is_needed, now.attempt, now.asked, now.failed) == (True, 2, 0, 1)
    assert not is_given_work(project, ana)
    attempt(project, ana, True, True, True)
    assert is_given_work(project, ana)


def test_the_same_answer_again_is_the_same_and_another_item_is_not_asked(
    project: Any, ana: Any, lea: Any, known: list[SampleItem]
) -> None:
    open_round(project, lea, known)
    first = standing_of(project_id=project.pk, user_id=ana.pk).item
    assert first is not None
    said = {"project": project, "user": ana, "item_id": first.pk, "attempt": 1}
    pks = [answer_item(**said, rejected_ids=[]).answer.pk for _sent in range(2)]
    assert pks[0] == pks[1] == QualifyingAnswer.objects.get().pk
    with pytest.raises(Conflict):
        answer_item(**(said | {"attempt": 2}), rejected_ids=[])
    following = standing_of(project_id=project.pk, user_id=ana.pk).item
    assert following is not None
    with pytest.raises(BadInput):
        answer_item(**(said | {"item_id": following.pk}), rejected_ids=[10**15])


def test_who_must_qualify_again_does(project: Any, ana: Any, lea: Any, known: list[SampleItem]) -> None:
    open_round(project, lea, known)
    attempt(project, ana, True, True, True)
    Standing.objects.create(project=project, person=ana, requalify_since=timezone.now() + timezone.timedelta(hours=1))
    assert not is_given_work(project, ana)
    assert standing_of(project_id=project.pk, user_id=ana.pk).attempt == 2
    Standing.objects.update(requalify_since=timezone.now() - timezone.timedelta(hours=1))
    QualifyingAnswer.objects.update(created_at=timezone.now() - timezone.timedelta(hours=2))
    attempt(project, ana, True, True, True)
    assert is_given_work(project, ana)


def test_a_round_that_is_off_keeps_nobody(project: Any, ana: Any, lea: Any, known: list[SampleItem]) -> None:
    open_round(project, lea, known)
    assert switch_round_off(project=project, user=lea)
    assert is_given_work(project, ana)
    assert not standing_of(project_id=project.pk, user_id=ana.pk).is_needed


@pytest.mark.parametrize(("size", "mark"), [(0, 0.8), (7, 0.8), (3, 0.0), (3, 1.1)])
def test_a_round_that_cannot_be_passed_is_refused(
    project: Any, lea: Any, known: list[SampleItem], size: int, mark: float
) -> None:
    with pytest.raises(BadInput):
        open_round(project, lea, known, size=size, pass_mark=mark)
    with pytest.raises(BadInput):
        set_up_round(project=project, user=lea, item_ids=[10**12], size=1, pass_mark=0.8)


def test_the_pages_lead_through_the_round(
    project: Any, ana: Any, lea: Any, known: list[SampleItem], client: Client
) -> None:
    client.force_login(lea)
    page = client.get("/p/street/settings/qualifying/").content.decode()
    assert page.count('name="item"') == 6
    sent = {"item": [item.pk for item in known[:2]], "size": 1, "pass_mark": 100}
    assert client.post("/p/street/settings/qualifying/change", sent).status_code == 302
    client.force_login(ana)
    assert client.get("/p/street/work/tags/").headers["Location"] == "/p/street/work/qualify/"
    assert "The qualifying round comes first" in client.get("/p/street/work/").content.decode()
    page = client.get("/p/street/work/qualify/").content.decode()
    assert "Item 1 of 1" in page
    assert "gold" not in page.lower()
    now = standing_of(project_id=project.pk, user_id=ana.pk)
    assert now.item is not None
    wrong = {"item": now.item.pk, "attempt": 1}
    told = client.post("/p/street/work/qualify/answer", wrong, follow=True).content.decode()
    assert "Not as the experts see it" in told
    assert "try again with other items" in told
    now = standing_of(project_id=project.pk, user_id=ana.pk)
    assert now.item is not None
    right = {"item": now.item.pk, "attempt": 2, "wrong": now.item.rejected_ids}
    told = client.post("/p/street/work/qualify/answer", right, follow=True).content.decode()
    assert "You have passed" in told
    assert client.get("/p/street/work/tags/").status_code == 200
