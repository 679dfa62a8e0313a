"""The only writers of projects."""

import logging
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.text import slugify
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.core.errors import Conflict
from webapp.projects.models import Membership, Project, Role

log = logging.getLogger(__name__)

RESERVED_SLUGS = frozenset({"new"})  # p/new is a page
_SLUG_LENGTH = 50
_MOST_TRIES = 50


class Settings(TypedDict, total=False):
    """What a lead may change. Slug, roster, people and history are not among it."""

    name: str
    description: str
    guide: str
    overlap: int
    review_required: bool
    package_size: int
    package_threshold: float
    expert_overlap: float
    gold_share: float
    tag_rate: Decimal
    qa_rate: Decimal
    answer_rate: Decimal
    currency: str


def create_project(*, user: User, name: str, description: str = "") -> Project:
    """A new project with `user` as its lead. The address is made of the name; a number is added when it is taken."""
    wanted = slugify(name)[:_SLUG_LENGTH].strip("-") or "project"
    for number in range(1, _MOST_TRIES):
        slug = wanted if number == 1 else f"{wanted}-{number}"
        if slug in RESERVED_SLUGS or Project.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                project = Project.objects.create(name=name, slug=slug, description=description, created_by=user)
                Membership.objects.create(project=project, user=user, role=Role.LEAD)
        except IntegrityError:  # somebody took the address this very moment
            continue
        log.info("project %s created by user %s", project.pk, user.pk)
        return project
    raise Conflict(_("There are many projects with this name. Choose another one."))


def change_settings(*, project: Project, user: User, **changes: Unpack[Settings]) -> Project:
    """Write what differs. Samples already drawn keep the overlap and verdicts already given the pay of their time."""
    allowed = Settings.__annotations__.keys()
    unknown = changes.keys() - allowed
    if unknown:
        raise TypeError(f"not settings of a project: {sorted(unknown)}")
    changed = [name for name, value in changes.items() if getattr(project, name) != value]
    for name in changed:
        setattr(project, name, changes[name])  # type: ignore[literal-required]  # checked above
    if changed:
        project.full_clean(exclude=["roster"])
        project.save(update_fields=changed)
        log.info("project %s: user %s changed %s", project.pk, user.pk, ", ".join(sorted(changed)))
    return project


def pause_project(*, project: Project, user: User) -> bool:
    """Hand out no more items until resumed; verdicts on the way are still taken. False when it was paused before."""
    paused = Project.objects.filter(pk=project.pk, paused_at=None).update(paused_at=Now(), paused_by=user)
    return _reloaded(project, paused, "paused", user)


def resume_project(*, project: Project, user: User) -> bool:
    """Hand out items again. False when it was not paused."""
    resumed = Project.objects.filter(pk=project.pk, paused_at__isnull=False).update(paused_at=None, paused_by=None)
    return _reloaded(project, resumed, "resumed", user)


def _reloaded(project: Project, changed: int, what: str, user: User) -> bool:
    project.refresh_from_db(fields=["paused_at", "paused_by"])
    if changed:
        log.info("project %s %s by user %s", project.pk, what, user.pk)
    return bool(changed)
