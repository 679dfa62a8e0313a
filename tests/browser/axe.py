"""What axe-core finds on a page, against WCAG 2.2 A and AA and its best practices."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Put into a page once, and only what is wrong comes back: the list of what is right is long.
RUN = "(rules) => axe.run({runOnly: rules, resultTypes: ['violations']}).then(({violations}) => violations)"


def violations(page: Page) -> list[dict[str, Any]]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(RUN, RULES)
    return found


def axe(page: Page) -> list[str]:
    """Every finding, with the first place of each."""
    return [_said(one) for one in violations(page)]


def serious(page: Page) -> list[str]:
    """Findings that keep somebody from using the page."""
    return [_said(one) for one in violations(page) if one["impact"] in ("serious", "critical")]


def _said(one: dict[str, Any]) -> str:
    return f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
