import io
import re
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db.models import Q

from annotation.models import ConceptMeaning, Image, ImportedCaption, Loop, LoopState, RegionAnnotation, StageFailure
from verification.models import (
    Assignment,
    AssignmentState,
    Audit,
    Export,
    LedgerEntry,
    ReviewPackage,
    Sample,
    SampleItem,
    TaskKind,
    Verdict,
)
from verification.selectors.accuracy import accuracy_by_loop
from verification.selectors.packages import desk_of
from verification.selectors.quality import quality_board
from verification.services.audits import lease_tasks
from verification.services.queue import lease_items
from webapp.accounts.models import User
from webapp.projects.models import Membership, Project, Role

pytestmark = pytest.mark.django_db(transaction=True)


def create() -> str:
    output = io.StringIO()
    call_command("create_demo", stdout=output)
    return output.getvalue()


def accounts_in(text: str) -> dict[str, str]:
    """Username -> password as printed."""
    return dict(re.findall(r"^(\w+) +((?:[a-z0-9]{5}-){3}[a-z0-9]{5}) ", text, re.MULTILINE))


def test_the_demo_is_annotated_open_for_people_and_has_an_account_per_role() -> None:
    printed = accounts_in(create())
    project = Project.objects.get(slug="demo")
    zero, one = Loop.objects.filter(project=project).order_by("number")
    assert (zero.number, zero.state, one.number, one.state) == (0, LoopState.FINISHED, 1, LoopState.RUNNING)
    assert not StageFailure.objects.exists()
    tags, questions = Sample.objects.filter(project=project).order_by("pk")
    assert (tags.task_kind, questions.task_kind) == ("tag", "qa")
    for sample in (tags, questions):
        assert sample.is_open
        assert (sample.loop, sample.annotated_loop) == (one, zero)
    assert questions.items.count() == -(-tags.items.count() // 2)
    assert tags.items.count() >= 60
    assert set(printed) == {*Role.values, "admin"}
    for username, password in printed.items():
        user = authenticate(username=username, password=password)
        assert user is not None
        assert not user.must_change_password  # type: ignore[attr-defined]
        roles = set(Membership.objects.filter(user=user, project=project).values_list("role", flat=True))
        assert roles == ({username} if username in Role.values else set())
        assert user.is_superuser == (username == "admin")


def test_one_project_is_untouched_the_other_has_work_behind_it_and_left_for_everybody() -> None:
    printed = accounts_in(create())
    assert not Verdict.objects.filter(item__sample__project__slug="demo").exists()
    fresh = Assignment.objects.filter(sample__project__slug="demo")
    assert set(fresh.values_list("state", flat=True)) == {AssignmentState.OPEN}
    # Which packages get a second look depends on their numbers.
    first_looks = ReviewPackage.objects.filter(second_look_of=None).order_by("pk")
    assert list(first_looks.values_list("author__username", "state", "attempt")) == [
        ("demo-ines", "accepted", 1),
        ("demo-ines", "accepted", 1),
        ("demo-tom", "accepted", 1),
        ("demo-tom", "failed", 1),
        ("demo-ines", "ready", 2),  # Tom's, judged anew
    ]
    project = Project.objects.get(slug="demo-team")
    board = {person.name: person for person in quality_board(project)}
    assert (board["Ines Okafor"].experts.right, board["Tom Berg"].concerns) == (39, ["errors", "package"])
    (audit,) = Audit.objects.all()
    assert (audit.loop.number, audit.items.count()) == (0, 30)
    assert accuracy_by_loop(project.pk)[0].tags is not None
    assert Export.objects.get().rows_done == 60
    assert LedgerEntry.objects.exists()
    assert ConceptMeaning.objects.filter(concept__text="cup").exists()
    annotator, expert = (User.objects.get(username=name) for name in ("annotator", "expert"))
    for kind in ("tag", "qa", "answer"):
        assert lease_items(project_id=project.pk, user_id=annotator.pk, count=1, kind=TaskKind(kind)), kind
    second_looks = ReviewPackage.objects.count() - first_looks.count()
    assert len(desk_of(project_id=project.pk, user_id=expert.pk).waiting) == 1 + second_looks
    assert lease_tasks(project_id=project.pk, user_id=expert.pk, count=10)
    assert set(printed) & set(invented()) == set()
    nobody_of_them_comes_in_or_is_given_anything()


def invented() -> list[str]:
    return list(User.objects.filter(username__startswith="demo-").values_list("username", flat=True))


def nobody_of_them_comes_in_or_is_given_anything() -> None:
    assert sorted(invented()) == ["demo-ines", "demo-mara", "demo-tom"]
    for person in User.objects.filter(username__in=invented()):
        assert not person.is_active
        assert not person.has_usable_password()
    theirs = Assignment.objects.filter(Q(held_for__username__in=invented()) | Q(annotator__username__in=invented()))
    assert set(theirs.values_list("state", flat=True)) == {AssignmentState.DONE}


def test_every_photo_of_the_demo_names_its_licence_and_source_and_has_regions() -> None:
    create()
    for image in Image.objects.all():
        assert image.licence
        assert "scikit-image" in image.source
        assert image.imported_captions.count() >= 3
        assert RegionAnnotation.objects.filter(image_id=image.pk).count() >= 5


def test_a_second_call_changes_nothing_and_says_so() -> None:
    create()
    before: Any = [
        list(model.objects.order_by("pk").values_list("pk"))
        for model in (User, Project, Image, Loop, SampleItem, Verdict)
    ]
    passwords = list(User.objects.order_by("pk").values_list("password", flat=True))
    again = create()
    assert "exist already" in again
    assert not accounts_in(again)
    assert before == [
        list(model.objects.order_by("pk").values_list("pk"))
        for model in (User, Project, Image, Loop, SampleItem, Verdict)
    ]
    assert passwords == list(User.objects.order_by("pk").values_list("password", flat=True))


def test_a_first_start_that_was_killed_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_args: object, **_options: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("workers.management.commands.create_demo.make_accounts", killed)
        with pytest.raises(Killed):
            create()
    assert set(User.objects.values_list("username", flat=True)) == set(invented())
    items = list(SampleItem.objects.order_by("pk").values_list("pk", flat=True))
    assert len(accounts_in(create())) == 5
    assert list(SampleItem.objects.order_by("pk").values_list("pk", flat=True)) == items
    assert ImportedCaption.objects.count() == ImportedCaption.objects.values("image", "external_id").distinct().count()


def test_passwords_that_could_not_be_shown_do_not_stay() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            if "Accounts" in text:
                raise BrokenPipeError
            return super().write(text)

    with pytest.raises(BrokenPipeError):
        call_command("create_demo", stdout=Closed())
    assert set(User.objects.values_list("username", flat=True)) == set(invented())
