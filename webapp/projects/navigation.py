"""The pages of a project that somebody may open, for the bar on top of every page."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.projects.models import Project, Role
from webapp.projects.policies import Action


@dataclass(frozen=True)
class Page:
    """A link of the bar. `is_current` is true on the page itself and on the pages below it."""

    label: Promise
    address: str
    is_current: bool


# (label, name of the address, who sees it), in the order of the bar.
SECTIONS: tuple[tuple[Promise, str, Action], ...] = (
    (_("Home"), "verification:home", Action.OPEN_PROJECT),
    (_("My work"), "verification:my_work", Action.ANNOTATE),
    (_("Audit"), "verification:audit", Action.AUDIT),
    (_("Review"), "verification:desk", Action.REVIEW),
    (_("Photos"), "annotation:photos", Action.ADD_PHOTOS),
    (_("Explore"), "annotation:explore", Action.EXPLORE),
    (_("Loops"), "verification:loops", Action.RUN_LOOPS),
    (_("Packages"), "verification:packages", Action.SETTLE_PACKAGES),
    (_("Earnings"), "verification:earnings", Action.ANNOTATE),
    (_("Quality"), "verification:quality", Action.SEE_QUALITY),
    (_("Pay"), "verification:pay", Action.SEE_PAY),
    (_("Items"), "verification:items", Action.MANAGE_ITEMS),
    (_("Exports"), "verification:exports", Action.EXPORT),
    (_("People"), "projects:people", Action.MANAGE_PEOPLE),
    (_("Settings"), "projects:settings", Action.CHANGE_SETTINGS),
)
HOME = SECTIONS[0][1]


def landing_of(permitted: Iterable[Action], roles: Iterable[Role]) -> str:
    """The name of the address where somebody's work is: annotators and consumers have one page each, others Home."""
    allowed, held = set(permitted), set(roles)
    if Action.RUN_LOOPS in allowed:
        return HOME
    if held == {Role.ANNOTATOR}:
        return "verification:my_work"
    if held == {Role.CONSUMER}:
        return "verification:exports"
    return HOME


def pages_of(project: Project, *, permitted: Iterable[Action], roles: Iterable[Role], path: str) -> list[Page]:
    """The bar's links for somebody in `project`, who is on `path` now."""
    allowed = set(permitted)
    shown = [(label, name) for label, name, action in SECTIONS if action in allowed]
    if landing_of(allowed, roles) != HOME:
        shown = [(label, name) for label, name in shown if name != HOME]
    pages = []
    for label, name in shown:
        address = reverse(name, args=[project.slug])
        here = path == address if name == HOME else path.startswith(address)
        pages.append(Page(label, address, here))
    return pages
