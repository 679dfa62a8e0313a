"""Several people at once: threads with connections of their own."""

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

from verification.services.queue import LeasedItem, lease_next
from verification.services.tickets import issue_ticket
from verification.services.verdicts import Receipt, record_verdict


def people(project: Any, count: int, *, name: str = "crowd") -> list[Any]:
    """Annotators of `project`."""
    from webapp.accounts.models import User
    from webapp.projects.models import Membership

    users = User.objects.bulk_create(
        User(username=f"{name}{number}", email=f"{name}{number}@example.org") for number in range(count)
    )
    Membership.objects.bulk_create(Membership(project=project, user=user, role="annotator") for user in users)
    return users


def in_threads(calls: Sequence[Callable[[], object]], *, seconds: float = 120) -> None:
    """Run the calls side by side; raise the first error that one of them raised."""
    errors: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # handed to the test below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=seconds)
    if errors:
        raise errors[0]


def verdict_of(project: Any, user: Any, item: LeasedItem, wrong: int = 0, key: uuid.UUID | None = None) -> Receipt:
    """Submit `item` as `user` with its first `wrong` tags marked."""
    return record_verdict(
        project_id=project.pk,
        user_id=user.pk,
        assignment_id=item.assignment_id,
        rejected_ids=[tag.concept_id for tag in item.tags[:wrong]],
        seconds=4.2,
        key=key or uuid.uuid4(),
        ticket=issue_ticket(user_id=user.pk, assignment_id=item.assignment_id),
    )


def work_until_empty(project: Any, user: Any) -> int:
    """Lease and submit until nothing is open for this person. Returns how many verdicts that were."""
    done = 0
    while items := lease_next(project_id=project.pk, user_id=user.pk, count=2):
        for item in items:
            verdict_of(project, user, item, wrong=done % 3)
            done += 1
    return done
