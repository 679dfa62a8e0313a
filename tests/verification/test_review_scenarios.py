"""The scenarios of design §7 that concern review, one by one."""

from typing import Any

import pytest
from django.core.files.storage import default_storage

from annotation.models import Concept, Image
from annotation.services.images import PhotoDetails, add_image
from tests.factories import WORDS, make_sample
from tests.verification.judgements import items_of, reopen
from tests.verification.packages import (
    contents,
    judged_sample,
    member,
    packed,
    review,
    reviewed,
    rule_all,
    said,
)
from tests.verification.services.crowds import people
from verification.models import (
    PackageState,
    ReviewPackage,
    Sample,
    SampleItem,
    TaskKind,
)
from verification.selectors.verified import verified_regions
from verification.services.packages import pack
from verification.services.reviews import Mark, decide_package, rule_item, take_package
from webapp.core.errors import Conflict

pytestmark = pytest.mark.django_db


def _verified(sample: Sample) -> dict[int, Any]:
    regions = [item.region_ids[0] for item in items_of(sample)]
    return verified_regions(project_id=sample.project_id, region_ids=regions)


def _questions(tags: Sample) -> Sample:
    """A QA sample of the same loop: one question about the first tag of each region."""
    sample = Sample.objects.create(
        project=tags.project,
        loop=tags.loop,
        annotated_loop=tags.annotated_loop,
        task_kind=TaskKind.QA,
        seed=1,
        overlap=1,
    )
    for number, item in enumerate(items_of(tags), start=1):
        tag = item.shown["tags"][0]
        shown = {
            "tag": {"concept_id": tag["concept_id"], "text": tag["text"]},
            "question": "What is it for?",
            "answer": "For milk.",
            "others": [],
        }
        made = SampleItem.objects.create(
            sample=sample,
            image=item.image,
            region_ids=item.region_ids,
            question_answer_id=number,
            shown=shown,
            inclusion_probability=0.5,
        )
        made.assignments.create(sample=sample, rank=number)
    return sample


def test_wrong_tag_after_acceptance(project: Any, ana: Any, edo: Any) -> None:
    """The region is unverified until its tags were judged and reviewed once more; then the new decision counts."""
    tags = judged_sample(reviewed(project, size=4), ana, items=4)
    (package,) = packed(tags)
    review(package, edo)
    assert len(_verified(tags)) == 4
    item = items_of(tags)[0]
    reopen(item)
    assert item.region_ids[0] not in _verified(tags)
    said(item, member(project, "bo", "annotator"), WORDS[0])
    assert len(_verified(tags)) == 3
    assert pack(sample_id=tags.pk, final=True) == 1
    again = ReviewPackage.objects.latest("pk")
    review(again, edo)
    found = _verified(tags)[item.region_ids[0]]
    assert [decision.concept_id for decision in found.rejected] == [item.shown["tags"][0]["concept_id"]]


def test_wrong_tag_found_by_the_expert_opens_the_tag_task_of_a_loop_whose_samples_are_closed(
    project: Any, ana: Any, edo: Any
) -> None:
    tags = judged_sample(reviewed(project, size=3), ana, items=3)
    (tag_package,) = packed(tags)
    review(tag_package, edo)
    questions = _questions(tags)
    for item in items_of(questions):
        said(item, ana, choice="correct")
    (package,) = packed(questions)
    ReviewPackage.objects.filter(pk=package.pk).update(threshold=0.5)
    Sample.objects.update(is_open=False)
    who = {"project_id": project.pk, "user_id": edo.pk, "package_id": package.pk}
    take_package(**who)
    first, *rest = contents(package)
    wrong = Mark(agrees=False, reason="wrong_choice", choice="wrong_tag")
    rule_item(**who, item_id=first.pk, mark=wrong)
    for item in rest:
        rule_item(**who, item_id=item.pk, mark=Mark(agrees=True))
    assert decide_package(**who).state is PackageState.ACCEPTED
    assert first.item.region_ids[0] not in _verified(tags)
    assert len(_verified(tags)) == 2
    assert {sample.task_kind: sample.is_open for sample in Sample.objects.all()} == {"tag": True, "qa": False}


def test_overlap_three_with_a_dissent_is_reviewed_once_as_what_most_said(project: Any, edo: Any) -> None:
    sample = make_sample(reviewed(project, size=1), items=1, overlap=3)
    (item,) = items_of(sample)
    crowd = people(project, 3)
    said(item, crowd[0], WORDS[0])
    said(item, crowd[1], WORDS[0])
    said(item, crowd[2], WORDS[4])
    (package,) = packed(sample)
    review(package, edo)
    (region,) = _verified(sample).values()
    assert [decision.concept_id for decision in region.rejected] == [item.shown["tags"][0]["concept_id"]]
    assert region.people == 3
    assert region.agreement == pytest.approx(13 / 15)


def test_what_the_expert_turns_round_counts_as_if_all_had_said_so(project: Any, edo: Any) -> None:
    sample = make_sample(reviewed(project, size=1, threshold=0.5), items=1, overlap=3)
    (item,) = items_of(sample)
    for person in people(project, 3):
        said(item, person, WORDS[0])
    (package,) = packed(sample)
    ReviewPackage.objects.filter(pk=package.pk).update(threshold=0.01, size=1)
    take_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    (one,) = contents(package)
    mark = Mark(agrees=False, reason="right_rejected", rejected_ids=())
    rule_item(project_id=project.pk, user_id=edo.pk, package_id=package.pk, item_id=one.pk, mark=mark)
    ReviewPackage.objects.filter(pk=package.pk).update(state="accepted", right_items=0)
    (region,) = _verified(sample).values()
    assert region.rejected == ()
    assert (region.people, region.agreement) == (3, 1.0)


@pytest.mark.parametrize("overlap", [2, 4])
def test_overlap_with_a_tie_is_disputed_and_never_verified(project: Any, edo: Any, overlap: int) -> None:
    sample = make_sample(reviewed(project, size=5), items=1, overlap=overlap)
    (item,) = items_of(sample)
    for number, person in enumerate(people(project, overlap)):
        said(item, person, *([WORDS[1]] if number % 2 else []))
    assert packed(sample) == []
    assert _verified(sample) == {}


def test_an_expert_who_is_also_an_annotator_reviews_others_only(project: Any, ana: Any) -> None:
    both = member(project, "both", "annotator", "expert")
    sample = make_sample(reviewed(project, size=2), items=4)
    for number, item in enumerate(items_of(sample)):
        said(item, both if number % 2 else ana)
    of_ana, of_both = sorted(packed(sample), key=lambda package: package.author_id)
    assert review(of_ana, both).state is PackageState.ACCEPTED
    with pytest.raises(Conflict) as caught:
        rule_all(of_both, both)
    assert caught.value.code == "took_part"


def test_a_remainder_package_allows_no_error(project: Any, ana: Any, edo: Any) -> None:
    member(project, "bo", "annotator")
    (package,) = packed(judged_sample(reviewed(project, size=100), ana, items=19))
    assert review(package, edo, wrong=1).state is PackageState.FAILED


def test_a_bad_box_that_the_expert_confirms_is_not_verified(project: Any, ana: Any, edo: Any) -> None:
    sample = make_sample(reviewed(project, size=3), items=3)
    first, *rest = items_of(sample)
    said(first, ana, is_bad_box=True)
    for item in rest:
        said(item, ana)
    (package,) = packed(sample)
    assert [item.is_bad_box for item in contents(package)] == [True, False, False]
    review(package, edo)
    assert set(_verified(sample)) == {item.region_ids[0] for item in rest}


def test_a_concept_renamed_after_the_package_was_made_changes_nothing_that_was_decided(
    project: Any, ana: Any, edo: Any
) -> None:
    sample = judged_sample(reviewed(project, size=3), ana, items=3, wrong_every=1)
    (package,) = packed(sample)
    old = Concept.objects.get(text=WORDS[0])
    new = Concept.objects.create(text="pitcher", display="pitcher")
    Concept.objects.filter(pk=old.pk).update(alias_of=new)
    review(package, edo)
    found = _verified(sample)
    assert len(found) == 3
    assert {decision.concept_id for region in found.values() for decision in region.rejected} == {old.pk}
    Concept.objects.filter(pk=old.pk).update(alias_of=None)
    assert _verified(sample) == found


def test_a_photo_imported_again_keeps_its_regions_and_what_was_decided(project: Any, ana: Any, edo: Any) -> None:
    sample = judged_sample(reviewed(project, size=3), ana, items=3)
    (package,) = packed(sample)
    review(package, edo)
    before = _verified(sample)
    image = Image.objects.get()
    with default_storage.open(image.original, "rb") as stream:
        again = add_image(project_id=project.pk, data=stream.read(), details=PhotoDetails(name="again.webp"))
    assert (again.image, again.created) == (image, False)
    assert len(before) == 3
    assert _verified(sample) == before
