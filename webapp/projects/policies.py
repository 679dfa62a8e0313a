"""The policy: which role may do what in a project. The only place that says so.

Everything not listed is refused. A site admin may do everything but judge items: verdicts come from people
who were asked for them.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from webapp.projects.models import Role


class Action(StrEnum):
    OPEN_PROJECT = "open the project"
    SEE_IMAGES = "see its photos"
    EXPLORE = "explore annotations"
    ADD_PHOTOS = "add photos and annotations"
    RUN_LOOPS = "start, watch and cancel loops"
    ANNOTATE = "do annotators' work"
    AUDIT = "judge audits"
    REVIEW = "review packages"
    SETTLE_PACKAGES = "settle packages that nobody else can bring forward"
    SEE_QUALITY = "see how well people work"
    SEE_PAY = "see what people earn"
    SEE_ITEM_HISTORY = "see the history of items"
    SEE_CONCEPTS = "see what a tag means"
    WRITE_MEANINGS = "write what a tag means"
    EXPORT = "export verified data"
    TAKE_DOWN = "remove photos and words on request"
    MANAGE_PEOPLE = "add people and give roles"
    CHANGE_SETTINGS = "change the project's settings"
    MANAGE_WEBHOOKS = "change webhooks"
    MANAGE_ITEMS = "requeue, assign and remove items"


_A, _E, _L, _C = Role.ANNOTATOR, Role.EXPERT, Role.LEAD, Role.CONSUMER

GRANTS: dict[Action, frozenset[Role]] = {
    Action.OPEN_PROJECT: frozenset({_A, _E, _L, _C}),
    Action.SEE_IMAGES: frozenset({_A, _E, _L, _C}),
    # Explore shows scores, sources and other people's verdicts: nothing that should sway a judgement.
    Action.EXPLORE: frozenset({_L, _C}),
    Action.ADD_PHOTOS: frozenset({_L}),
    Action.RUN_LOOPS: frozenset({_L}),
    Action.ANNOTATE: frozenset({_A}),
    Action.AUDIT: frozenset({_E}),
    Action.REVIEW: frozenset({_E}),
    Action.SETTLE_PACKAGES: frozenset({_L}),
    Action.SEE_QUALITY: frozenset({_L}),
    Action.SEE_PAY: frozenset({_L}),
    # Experts see the items whose packages they decided (verification/selectors/item_history.py).
    Action.SEE_ITEM_HISTORY: frozenset({_E, _L}),
    Action.SEE_CONCEPTS: frozenset({_A, _E, _L}),
    # Tags and their meanings belong to all projects; who wrote what is kept (annotation/models/concepts.py).
    Action.WRITE_MEANINGS: frozenset({_L}),
    Action.EXPORT: frozenset({_L, _C}),
    Action.TAKE_DOWN: frozenset({_L}),
    Action.MANAGE_PEOPLE: frozenset({_L}),
    Action.CHANGE_SETTINGS: frozenset({_L}),
    Action.MANAGE_WEBHOOKS: frozenset({_L}),
    Action.MANAGE_ITEMS: frozenset({_L}),
}

ADMIN_DENIED = frozenset({Action.ANNOTATE, Action.AUDIT, Action.REVIEW})


def permitted(roles: Iterable[Role], *, is_admin: bool) -> frozenset[Action]:
    """What somebody with `roles` in the project may do."""
    return _permitted(frozenset(roles), is_admin)


@cache  # every request asks, and there are few different answers
def _permitted(held: frozenset[Role], is_admin: bool) -> frozenset[Action]:
    granted = {action for action, allowed in GRANTS.items() if held & allowed}
    if is_admin:
        granted |= set(Action) - ADMIN_DENIED
    return frozenset(granted)
