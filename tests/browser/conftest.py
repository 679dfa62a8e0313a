"""Chromium for the tests that need a browser. `page_as(ana)` is a page of somebody who is signed in.

Every page watches itself: an error in a script or a violation of the content security policy fails the test.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

# What is no fault of a page: the network the test itself cut, and answers the test itself provoked.
EXPECTED = ("net::ERR_", "status of 4", "status of 5", "Failed to load resource")

PageAs = Callable[..., Page]


@pytest.fixture
def page_as(browser: Browser, live_server: Any) -> Iterator[PageAs]:
    """`page_as(user, viewport=…, color_scheme=…, has_touch=…)`: a new page, signed in as `user` (None: nobody).

    Its addresses are relative to the live server. `page.faults` lists what went wrong in the page so far.
    """
    contexts: list[BrowserContext] = []
    pages: list[Page] = []

    def open_page(user: Any = None, **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if user is not None:
            sign_in(context, user, live_server.url)
        page = context.new_page()
        page.set_default_timeout(15_000)
        pages.append(watched(page))
        return page

    yield open_page
    faults = [fault for page in pages for fault in faults_of(page)]
    for context in contexts:
        context.close()
    assert faults == []


def sign_in(context: BrowserContext, user: Any, address: str) -> None:
    """Give the browser a session of `user`, as if they had signed in."""
    client = Client()
    client.force_login(user)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": address}])


def watched(page: Page) -> Page:
    faults: list[str] = []
    page.faults = faults  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if message.type == "error" and not any(expected in message.text for expected in EXPECTED)
            else None
        ),
    )
    return page


def faults_of(page: Page) -> list[str]:
    return page.faults  # type: ignore[attr-defined,no-any-return]
