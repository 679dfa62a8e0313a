"""Experts take packages, rule on every item, close them: what follows, and who is refused."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories import WORDS
from tests.verification.judgements import items_of
from tests.verification.packages import (
    AGREE,
    child_of,
    contents,
    disagreement,
    judged_sample,
    member,
    packed,
    review,
    reviewed,
    rule_all,
)
from tests.verification.services.crowds import in_threads
from verification.models import (
    DisagreeReason,
    ItemState,
    PackageState,
    ReviewPackage,
    Ruling,
    SampleItem,
    Skip,
    Wording,
)
from verification.selectors.verified import verified_regions
from verification.services.reviews import (
    MOST_HELD,
    Mark,
    decide_package,
    give_back_package,
    rule_item,
    take_package,
    unrule_item,
)
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


def _package(project: Any, *people: Any, items: int = 20, **more: Any) -> ReviewPackage:
    (package,) = packed(judged_sample(reviewed(project, size=items, **more), *people, items=items))
    return package


def _verified(package: ReviewPackage) -> dict[int, Any]:
    regions = [item.region_ids[0] for item in items_of(package.sample)]
    return verified_regions(project_id=package.project_id, region_ids=regions)


def _who(package: ReviewPackage, expert: Any) -> dict[str, int]:
    return {"project_id": package.project_id, "user_id": expert.pk, "package_id": package.pk}


def test_nothing_counts_before_a_package_is_accepted_then_all_of_it_does(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana)
    rule_all(package, edo, wrong=1)
    assert _verified(package) == {}
    outcome = decide_package(**_who(package, edo))
    assert (outcome.state, outcome.right, outcome.judged) == (PackageState.ACCEPTED, 19, 20)
    assert len(_verified(package)) == 20


def test_the_ruling_replaces_the_verdict_where_they_differ(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana)
    review(package, edo, wrong=1)
    first, second = contents(package)[:2]
    tag = first.item.shown["tags"][0]["concept_id"]
    found = _verified(package)
    assert [decision.concept_id for decision in found[first.item.region_ids[0]].rejected] == [tag]
    assert found[second.item.region_ids[0]].rejected == ()
    assert found[first.item.region_ids[0]].people == 1


def test_nineteen_of_twenty_pass_and_eighteen_do_not(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana)
    assert review(package, edo, wrong=2).state is PackageState.ESCALATED  # there is no other annotator
    package.refresh_from_db()
    assert (package.right_items, package.escalation) == (18, "no_annotator")
    assert _verified(package) == {}


def test_a_package_is_closed_only_when_every_item_is_ruled_on(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana)
    take_package(**_who(package, edo))
    for item in contents(package)[:19]:
        rule_item(**_who(package, edo), item_id=item.pk, mark=AGREE)
    with pytest.raises(Conflict, match="1 items are not judged") as caught:
        decide_package(**_who(package, edo))
    assert caught.value.code == "not_ruled"
    SampleItem.objects.filter(pk=contents(package)[19].item_id).update(state=ItemState.REMOVED)
    assert decide_package(**_who(package, edo)).judged == 19


def test_closing_again_gives_the_same_outcome_and_changes_nothing(project: Any, ana: Any, edo: Any) -> None:
    member(project, "bo", "annotator")
    package = _package(project, ana)
    first = review(package, edo, wrong=5)
    again = decide_package(**_who(package, edo))
    assert (again.state, again.right, again.judged, again.repeated) == (first.state, 15, 20, True)
    assert ReviewPackage.objects.filter(parent=package).count() == 1


def test_the_last_mark_on_an_item_counts_and_can_be_taken_back(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana)
    take_package(**_who(package, edo))
    item = contents(package)[0]
    for _twice in range(2):
        rule_item(**_who(package, edo), item_id=item.pk, mark=disagreement(item, note=" A mug, no cup. "))
    assert Wording.objects.get().text == "A mug, no cup."
    assert Ruling.objects.get().reason == DisagreeReason.WRONG_LEFT
    rule_item(**_who(package, edo), item_id=item.pk, mark=AGREE)
    assert Ruling.objects.get().agrees
    assert not Wording.objects.exists()
    assert unrule_item(**_who(package, edo), item_id=item.pk)
    assert not unrule_item(**_who(package, edo), item_id=item.pk)
    assert not Ruling.objects.exists()


def test_who_disagrees_says_why_and_what_is_right(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana)
    take_package(**_who(package, edo))
    item = contents(package)[0]
    tag = item.item.shown["tags"][0]["concept_id"]
    for mark in (
        Mark(agrees=False, rejected_ids=(tag,)),  # no reason
        Mark(agrees=False, reason="wrong_choice", rejected_ids=(tag,)),  # one of another kind of task
        Mark(agrees=False, reason="other"),  # nothing is different
        Mark(agrees=False, reason="wrong_left", rejected_ids=(987_654_321,)),  # never shown
        Mark(agrees=False, reason="wrong_left", rejected_ids=(tag,), choice="correct"),
        Mark(agrees=False, reason="wrong_left", rejected_ids=(tag,), correction="a jug"),
        Mark(agrees=False, reason="wrong_left", rejected_ids=(tag,), note="x" * 2001),
    ):
        with pytest.raises(BadInput):
            rule_item(**_who(package, edo), item_id=item.pk, mark=mark)
    assert not Ruling.objects.exists()


def test_an_item_of_another_package_is_not_found(project: Any, ana: Any, edo: Any) -> None:
    one, two = packed(judged_sample(reviewed(project, size=5), ana, items=10))
    take_package(**_who(one, edo))
    with pytest.raises(NotFound):
        rule_item(**_who(one, edo), item_id=contents(two)[0].pk, mark=AGREE)
    with pytest.raises(Conflict):
        rule_item(**_who(two, edo), item_id=contents(two)[0].pk, mark=AGREE)
    with pytest.raises(NotFound):
        take_package(project_id=project.pk + 1, user_id=edo.pk, package_id=one.pk)


def test_an_expert_who_judged_or_skipped_an_item_never_gets_the_package(project: Any, ana: Any) -> None:
    both = member(project, "both", "annotator", "expert")
    own = _package(project, both, items=4)
    for wanted in (own.pk, None):
        with pytest.raises(Conflict) as caught:
            take_package(project_id=project.pk, user_id=both.pk, package_id=wanted)
        assert caught.value.code == ("took_part" if wanted else "nothing_waits")
    others = _package(type(project).objects.create(name="Two", slug="two"), ana, items=4)
    Skip.objects.create(item=contents(others)[3].item, annotator=both, reason="unsure")
    with pytest.raises(Conflict) as caught:
        take_package(project_id=others.project_id, user_id=both.pk, package_id=others.pk)
    assert caught.value.code == "took_part"


def test_the_database_itself_refuses_an_expert_who_took_part(project: Any, ana: Any) -> None:
    package = _package(project, ana, member(project, "both", "annotator", "expert"), items=4)
    for person in (ana, type(ana).objects.get(username="both")):
        with pytest.raises(IntegrityError, match="took part"), transaction.atomic():
            ReviewPackage.objects.filter(pk=package.pk).update(expert=person, state="reviewing")


def test_whoever_judges_an_item_while_holding_its_package_cannot_close_it(project: Any, ana: Any) -> None:
    from tests.verification.judgements import reopen
    from tests.verification.packages import said

    both = member(project, "both", "annotator", "expert")
    package = _package(project, ana, items=4)
    rule_all(package, both)
    item = contents(package)[0].item
    reopen(item)
    said(item, both)
    with pytest.raises(Conflict) as caught:
        decide_package(**_who(package, both))
    assert caught.value.code == "took_part"
    package.refresh_from_db()
    assert (package.state, package.expert) == (PackageState.READY, None)
    assert not Ruling.objects.exists()


def test_nobody_hoards_packages(project: Any, ana: Any, edo: Any) -> None:
    packages = packed(judged_sample(reviewed(project, size=2), ana, items=2 * (MOST_HELD + 1)))
    taken = [take_package(project_id=project.pk, user_id=edo.pk) for _ in range(MOST_HELD)]
    assert taken == [package.pk for package in packages[:MOST_HELD]]
    with pytest.raises(Conflict) as caught:
        take_package(project_id=project.pk, user_id=edo.pk)
    assert caught.value.code == "too_many"
    assert give_back_package(**_who(packages[0], edo))
    assert not give_back_package(**_who(packages[0], edo))
    assert take_package(project_id=project.pk, user_id=edo.pk) == packages[0].pk


def test_a_claim_that_lapsed_may_be_taken_over_and_begins_anew(project: Any, ana: Any, edo: Any) -> None:
    ina = member(project, "ina", "expert")
    package = _package(project, ana, items=3)
    rule_all(package, edo)
    with pytest.raises(Conflict) as caught:
        take_package(**_who(package, ina))
    assert caught.value.code == "package_taken"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE verification_reviewpackage SET held_until = now() - interval '1 hour'")
    assert take_package(**_who(package, ina)) == package.pk
    assert not Ruling.objects.exists()
    for call in (
        lambda: rule_item(**_who(package, edo), item_id=contents(package)[0].pk, mark=AGREE),
        lambda: decide_package(**_who(package, edo)),
    ):
        with pytest.raises(Conflict) as caught:
            call()
        assert caught.value.code == "not_yours"


def test_a_mark_renews_the_claim(project: Any, ana: Any, edo: Any) -> None:
    package = _package(project, ana, items=3)
    take_package(**_who(package, edo))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE verification_reviewpackage SET held_until = now() + interval '1 minute'")
        rule_item(**_who(package, edo), item_id=contents(package)[0].pk, mark=AGREE)
        cursor.execute("SELECT held_until > now() + interval '1 day' FROM verification_reviewpackage")
        assert cursor.fetchone() == (True,)


def test_second_looks_measure_and_change_nothing(project: Any, ana: Any, edo: Any) -> None:
    ina = member(project, "ina", "expert")
    package = _package(project, ana, items=20, second_looks=1.0)
    review(package, edo)
    copy = ReviewPackage.objects.get(second_look_of=package)
    with pytest.raises(Conflict):
        take_package(**_who(copy, edo))
    before = _verified(package)
    assert review(copy, ina, wrong=12).state is PackageState.FAILED
    assert _verified(package) == before
    assert len(before) == 20
    assert not ReviewPackage.objects.filter(parent=copy).exists()
    assert not ReviewPackage.objects.filter(second_look_of=copy).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_experts_who_take_a_package_at_once_one_gets_it(project: Any, ana: Any, edo: Any) -> None:
    experts = [edo, *(member(project, f"expert{number}", "expert") for number in range(3))]
    package = _package(project, ana, items=3)
    got: list[int] = []
    refused: list[str] = []
    barrier = threading.Barrier(len(experts))

    def take(expert: Any) -> None:
        barrier.wait()
        try:
            got.append(take_package(**_who(package, expert)))
        except Conflict as error:
            refused.append(error.code)

    in_threads([lambda expert=expert: take(expert) for expert in experts])
    assert got == [package.pk]
    assert refused == ["package_taken"] * 3


@pytest.mark.django_db(transaction=True)
def test_of_two_experts_who_close_a_package_at_once_one_wins(project: Any, ana: Any, edo: Any) -> None:
    """Its claim lapses while the first still has the page open: the second takes it over, and both press Close."""
    ina, bo = member(project, "ina", "expert"), member(project, "bo", "annotator")
    package = _package(project, ana, items=20)
    rule_all(package, edo)
    outcomes: list[Any] = []
    barrier = threading.Barrier(2)

    def close(expert: Any, *, takes_over: bool) -> None:
        barrier.wait()
        try:
            if takes_over:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE verification_reviewpackage SET held_until = now() - interval '1 hour' "
                        "WHERE id = %s AND state = 'reviewing'",
                        [package.pk],
                    )
                rule_all(package, expert, wrong=20)
            outcomes.append((expert.pk, decide_package(**_who(package, expert)).state))
        except Conflict as error:
            outcomes.append((expert.pk, error.code))

    in_threads([lambda: close(edo, takes_over=False), lambda: close(ina, takes_over=True)])
    package.refresh_from_db()
    said = dict(outcomes)
    winner, loser = (edo, ina) if package.expert_id == edo.pk else (ina, edo)
    expected = PackageState.ACCEPTED if winner == edo else PackageState.FAILED
    assert (package.state, said[winner.pk]) == (expected, expected)
    assert said[loser.pk] in {"not_yours", "package_taken"}
    assert {ruling.expert_id for ruling in Ruling.objects.all()} == {winner.pk}
    if winner == ina:
        assert child_of(package).author == bo


@pytest.mark.django_db(transaction=True)
def test_one_expert_with_two_tabs_closes_once(project: Any, ana: Any, edo: Any) -> None:
    member(project, "bo", "annotator")
    package = _package(project, ana, items=20)
    rule_all(package, edo, wrong=9)
    repeated: list[bool] = []
    barrier = threading.Barrier(4)

    def close() -> None:
        barrier.wait()
        repeated.append(decide_package(**_who(package, edo)).repeated)

    in_threads([close] * 4)
    assert sorted(repeated) == [False, True, True, True]
    assert ReviewPackage.objects.filter(parent=package).count() == 1
    assert WORDS
