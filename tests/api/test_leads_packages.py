"""Packages by API, as leads see them."""

from typing import Any

import pytest

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import contents as items_in
from tests.verification.packages import disagreement, judged_sample, member, packed, review, reviewed, rule_all, said
from verification.models import PackageState, ReviewPackage
from verification.services.reviews import decide_package, rule_item
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

ALL = "/api/v1/projects/street/packages/all"
PATH = "projects/{slug}/packages/all"
ONE = f"{PATH}/{{package_id}}"


def escalated(project: Any, ana: Any, edo: Any) -> ReviewPackage:
    """Nobody else may judge its items, so it went to the lead."""
    (package,) = packed(judged_sample(reviewed(project, size=3), ana, items=3))
    review(package, edo, wrong=3)
    package.refresh_from_db()
    assert package.state == PackageState.ESCALATED
    return package


def test_the_list_is_filtered_by_state_stage_and_author_and_paged_by_key(
    project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient
) -> None:
    ben = member(project, "ben", "annotator")
    sample = make_sample(reviewed(project, size=2), items=8)
    for place, item in enumerate(items_of(sample)):
        said(item, ana if place < 6 else ben)
    *mine, last = sorted(packed(sample, final=False), key=lambda package: (package.author_id == ben.pk, package.pk))
    bens = [last]
    review(mine[0], edo)
    lead = with_token(lea)

    def numbers(**query: Any) -> list[int]:
        found, after = [], None
        while True:
            page = check_answer(PATH, "get", lead.get(ALL, query | ({} if after is None else {"after": after})))
            assert len(page["items"]) <= query.get("limit", 50)
            found += [one["id"] for one in page["items"]]
            after = page["next"]
            if after is None:
                return found

    everything = sorted((one.pk for one in [*mine, *bens]), reverse=True)
    assert numbers() == numbers(limit=1) == everything
    assert numbers(author=ben.pk) == [bens[0].pk]
    assert numbers(state="accepted") == [mine[0].pk]
    assert numbers(state="ready", author=ana.pk) == [mine[2].pk, mine[1].pk]
    assert (numbers(stage="qa"), numbers(stage="tag")) == ([], everything)
    assert numbers(author=2**40) == []
    (row,) = lead.get(ALL, {"state": "accepted"}).json()["items"]
    assert (row["author"]["name"], row["expert"]["name"], row["right"]) == (ana.display_name, edo.display_name, 2)
    for wrong in ({"state": "lost"}, {"author": "ana"}, {"expert": edo.pk}, {"order": "-right"}, {"after": 2**63}):
        assert lead.get(ALL, wrong).status_code == 400, wrong


def test_one_package_tells_leads_all_that_was_said(
    project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient
) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=2, threshold=0.5), ana, items=2))
    rule_all(package, edo)
    first = items_in(package)[0]
    mark = disagreement(first, note="It is <b>only</b> the handle")
    who = {"project_id": project.pk, "user_id": edo.pk, "package_id": package.pk}
    rule_item(**who, item_id=first.pk, mark=mark)
    decide_package(**who)
    lead = with_token(lea)
    found = check_answer(ONE, "get", lead.get(f"{ALL}/{package.pk}"))
    assert (found["state"], found["right"]) == ("accepted", 1)
    ruled = found["items"][0]
    assert (ruled["ruling"], ruled["reason"], ruled["note"]) == ("disagree", "wrong_left", mark.note)
    assert ruled["ruled_wrong"] == list(mark.rejected_ids)
    assert ruled["item"] == first.item_id
    assert lead.get(f"{ALL}/{2**70}").status_code == 404


def test_a_lead_settles_what_is_with_them(project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient) -> None:
    package = escalated(project, ana, edo)
    lead = with_token(lea)
    accept = f"{ALL}/{package.pk}/accept"
    assert lead.post(accept, {"note": " "}, content_type="application/json").status_code == 400
    done = lead.post(accept, {"note": "The expert is sure."}, content_type="application/json")
    assert check_answer(f"{ONE}/accept", "post", done) == {"state": "accepted", "begins": True}
    again = lead.post(accept, {"note": "Once more"}, content_type="application/json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not_escalated")
    found = lead.get(f"{ALL}/{package.pk}").json()
    assert (found["note"], found["settled_by"]["id"]) == ("The expert is sure.", lea.pk)


@pytest.mark.parametrize(("deed", "state"), [("give", "failed"), ("ask-again", "cancelled")])
def test_or_gives_it_to_somebody_or_asks_again(
    project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient, deed: str, state: str
) -> None:
    package = escalated(project, ana, edo)
    bo = member(project, "bo", "annotator")
    lead = with_token(lea)
    sent = {"annotator": bo.pk} if deed == "give" else {"note": "A rare species"}
    if deed == "give":
        refused = lead.post(f"{ALL}/{package.pk}/give", {"annotator": ana.pk}, content_type="application/json")
        assert refused.status_code == 400
    done = lead.post(f"{ALL}/{package.pk}/{deed}", sent, content_type="application/json")
    assert check_answer(f"{ONE}/{deed}", "post", done) == {"state": state, "begins": True}


def test_packages_of_other_projects_are_not_there(
    project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient
) -> None:
    other = Project.objects.create(name="Other", slug="other")
    olga = member(other, "olga", "lead")
    package = escalated(project, ana, edo)
    theirs = ALL.replace("street", "other")
    lead = with_token(olga)
    assert lead.get(theirs).json()["items"] == []
    assert lead.get(f"{theirs}/{package.pk}").status_code == 404
    sent = {"note": "Mine"}
    assert lead.post(f"{theirs}/{package.pk}/accept", sent, content_type="application/json").status_code == 404
    assert lead.get(ALL).status_code == 404
    assert ReviewPackage.objects.get(pk=package.pk).state == PackageState.ESCALATED


def test_who_judges_learns_nothing_of_them(
    project: Any, ana: Any, edo: Any, cleo: Any, with_token: TokenClient
) -> None:
    package = escalated(project, ana, edo)
    for person in (ana, edo, cleo):
        for address in (ALL, f"{ALL}/{package.pk}", f"{ALL}/{2**40}"):
            answer = with_token(person).get(address)
            assert answer.status_code == 403
            assert "escalated" not in answer.content.decode()
