"""The demo's two projects: photos in, annotated by the pipeline, a sample open, one account per role.

In the first nothing has been checked by anybody: whoever tries Argus judges, and exports exactly that. The second has
invented people's work behind it (life.py), for the pages of review, quality and pay.

Accounts come last. Whatever ends the first start before, the next one finds no people and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction

from annotation.importers.records import CaptionRecord
from annotation.models import Loop, LoopState
from annotation.services.images import PhotoDetails, add_image
from annotation.services.imported_annotations import write_captions
from annotation.services.producers import get_producer
from verification.services.loops import start_loop
from webapp.accounts.models import User
from webapp.accounts.services import create_account
from webapp.core.errors import Unavailable
from webapp.projects.models import Membership, Project, Role
from workers.demo.life import PACKAGE_SIZE, audit_the_models
from workers.demo.photos import DemoPhoto, demo_photos
from workers.foreground import run_loop

DOMAIN = "demo.localhost"
GUIDE = (
    "Mark every tag that is wrong for what is inside the box. A tag that names the thing itself, its kind, or the part "
    "that fills the box is right. If the box shows something else, the tag is wrong, even if it is true of the photo."
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """One of the projects. photos: by name. is_lived_in: experts review, the models are audited, invented people have
    worked in it."""

    slug: str
    name: str
    description: str
    photos: tuple[str, ...]
    is_lived_in: bool


FRESH = Plan(
    "demo",
    "Demo",
    "Five photos that come with scikit-image, annotated automatically. Nothing in it has been checked by anybody.",
    ("astronaut.png", "coffee.png", "cat.png", "rocket.jpg", "camera.png"),
    is_lived_in=False,
)
TEAM = Plan(
    "demo-team",
    "Demo with a team",
    "Three of the photos, with work behind them: Ines, Tom and Mara are invented, and so is what they said.",
    ("coffee.png", "cat.png", "rocket.jpg"),  # the first start waits for each
    is_lived_in=True,
)


@dataclass(frozen=True, slots=True)
class Account:
    """Who can sign in, and how. The password is known here and nowhere else."""

    username: str
    password: str
    role: str


def make_project(plan: Plan, say: Say) -> Project:
    """The project with its photos and captions. Idempotent."""
    # Not by create_project, which gives the new project to a person: there is none yet.
    review = {"review_required": True, "package_size": PACKAGE_SIZE} if plan.is_lived_in else {}
    project, _ = Project.objects.get_or_create(
        slug=plan.slug, defaults={"name": plan.name, "description": plan.description, "guide": GUIDE, **review}
    )
    photos = [photo for photo in demo_photos() if photo.name in plan.photos]
    producer = get_producer("import", "demo-captions", "1")
    for photo in photos:
        _add(project, photo, producer.pk)
    say(f"{plan.name}: {len(photos)} photos with captions.")
    return project


def annotate(project: Project, say: Say, *, audited: bool = False) -> Loop:
    """Loop 0 by the pipeline, in this process; then loop 1, whose sample is open. Returns the loop people work on.

    audited: the audit of loop 0 is drawn before the sample.

    Goes on with what is there. Raises Unavailable when the pipeline fails.
    """
    while True:
        loop = Loop.objects.filter(project=project).order_by("-number").first()
        if loop is None or (loop.parent_id is None and loop.state == LoopState.FINISHED):
            if loop is not None and audited:
                audit_the_models(loop)
            loop = start_loop(project=project, user=None)
        loop = run_loop(loop.pk, say=say)
        if loop.state == LoopState.FAILED:
            raise Unavailable(f"Loop {loop.number} of the demo failed: {loop.error}")
        if loop.parent_id is not None:
            return loop


def make_accounts(projects: Sequence[Project], show: Callable[[list[Account]], None]) -> bool:
    """One account per role and a site admin, shown by `show` once; False when the projects have people already.

    `show` is called before anything is committed: passwords that nobody saw do not stay.
    """
    with transaction.atomic():
        list(Project.objects.select_for_update().filter(pk__in=[project.pk for project in projects]).order_by("pk"))
        if has_accounts():
            return False
        accounts = [_account(projects, role) for role in Role]
        accounts.append(_admin())
        show(accounts)
    return True


def has_accounts() -> bool:
    """Whether the demo's accounts were made and shown. Invented people are none."""
    return Membership.objects.filter(project__slug=FRESH.slug, role=Role.LEAD).exists()


def _add(project: Project, photo: DemoPhoto, producer_id: int) -> None:
    details = PhotoDetails(photo.name, licence=photo.licence, source=photo.source)
    image = add_image(project_id=project.pk, data=photo.path.read_bytes(), details=details).image
    captions = [
        CaptionRecord(image.pk, text, f"{photo.path.stem} {number}", "photos.json", photo.name)
        for number, text in enumerate(photo.captions)
    ]
    write_captions(captions, [image.pk] * len(captions), producer_id)


def _account(projects: Sequence[Project], role: Role) -> Account:
    user, password = create_account(email=f"{role.value}@{DOMAIN}")
    _keep_password(user)
    Membership.objects.bulk_create(Membership(project=project, user=user, role=role) for project in projects)
    return Account(user.username, password, str(role.label))


def _admin() -> Account:
    user, password = create_account(email=f"admin@{DOMAIN}")
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    _keep_password(user)
    return Account(user.username, password, "Site admin")


def _keep_password(user: User) -> None:
    """Nobody else has seen it: it was made for the person who starts Argus on their own machine."""
    user.must_change_password = False
    user.save(update_fields=["must_change_password"])
