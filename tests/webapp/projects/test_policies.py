"""Who may do what: the whole table, written out."""

import pytest

from webapp.projects.models import Role
from webapp.projects.navigation import SECTIONS, landing_of
from webapp.projects.policies import ADMIN_DENIED, GRANTS, Action, permitted

A, E, L, C = Role.ANNOTATOR, Role.EXPERT, Role.LEAD, Role.CONSUMER
TABLE = {
    Action.OPEN_PROJECT: {A, E, L, C},
    Action.SEE_IMAGES: {A, E, L, C},
    Action.EXPLORE: {L, C},
    Action.ADD_PHOTOS: {L},
    Action.RUN_LOOPS: {L},
    Action.ANNOTATE: {A},
    Action.AUDIT: {E},
    Action.SEE_QUALITY: {L},
    Action.SEE_PAY: {L},
    Action.SEE_ITEM_HISTORY: {E, L},
    Action.SEE_CONCEPTS: {A, E, L},
    Action.WRITE_MEANINGS: {L},
    Action.REVIEW: {E},
    Action.SETTLE_PACKAGES: {L},
    Action.MANAGE_WEBHOOKS: {L},
    Action.MANAGE_ITEMS: {L},
    Action.EXPORT: {L, C},
    Action.TAKE_DOWN: {L},
    Action.MANAGE_PEOPLE: {L},
    Action.CHANGE_SETTINGS: {L},
}


def test_the_policy_is_this_table() -> None:
    assert {action: set(roles) for action, roles in GRANTS.items()} == TABLE


def test_every_action_is_in_the_table() -> None:
    assert set(GRANTS) == set(Action)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_grants_what_the_table_says_and_nothing_else(role: Role) -> None:
    assert permitted([role], is_admin=False) == {action for action, roles in TABLE.items() if role in roles}


def test_several_roles_add_up() -> None:
    assert permitted([A, C], is_admin=False) == permitted([A], is_admin=False) | permitted([C], is_admin=False)


def test_without_a_role_nothing_is_permitted() -> None:
    assert permitted([], is_admin=False) == frozenset()


def test_a_site_admin_may_do_everything_but_judge() -> None:
    assert permitted([], is_admin=True) == set(Action) - {Action.ANNOTATE, Action.AUDIT, Action.REVIEW}
    assert frozenset({Action.ANNOTATE, Action.AUDIT, Action.REVIEW}) == ADMIN_DENIED


def test_a_site_admin_who_is_annotator_may_judge() -> None:
    assert Action.ANNOTATE in permitted([A], is_admin=True)


@pytest.mark.parametrize(
    ("roles", "landing"),
    [
        ([A], "verification:my_work"),
        ([C], "verification:exports"),
        ([E], "verification:home"),
        ([L], "verification:home"),
        ([A, C], "verification:home"),
        ([A, L], "verification:home"),
    ],
)
def test_each_role_lands_where_its_work_is(roles: list[Role], landing: str) -> None:
    assert landing_of(permitted(roles, is_admin=False), roles) == landing


def test_the_bar_has_no_page_twice() -> None:
    names = [name for _label, name, _action in SECTIONS]
    assert len(names) == len(set(names))
