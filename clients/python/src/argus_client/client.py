"""The way in: a server and a token."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from argus_client.audits import Audit, AuditItem, audit_items
from argus_client.exports import Export
from argus_client.leads import Lead
from argus_client.loops import Loop
from argus_client.packages import Package
from argus_client.paging import pages
from argus_client.transport import Transport
from argus_client.work import Item, work


class Client:
    """`Client("https://argus.example.org", "argus_…")`, or from ARGUS_URL and ARGUS_TOKEN.

    Tokens are made on the account page. Requests are tried again after broken connections; every call that changes
    something is safe to repeat, or is not repeated.
    """

    def __init__(self, url: str | None = None, token: str | None = None, **options: Any) -> None:
        self.transport = Transport(
            url or os.environ.get("ARGUS_URL", ""), token or os.environ.get("ARGUS_TOKEN", ""), **options
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept for further requests; `with Client(…) as client:` does it by itself."""
        self.transport.close()

    def me(self) -> Mapping[str, Any]:
        """Whose token this is, its scopes and its end."""
        return self.transport.get("me")

    def projects(self) -> Iterator[Project]:
        """The projects the person sees."""
        for facts in pages(self.transport, "projects", limit=100):
            yield Project(self.transport, facts["slug"], facts)

    def project(self, slug: str) -> Project:
        """One project. Raises ApiError (404) for a stranger's."""
        return Project(self.transport, slug, self.transport.get(f"projects/{slug}"))


class Project:
    """One project: `facts` as they were when it was asked for."""

    def __init__(self, transport: Transport, slug: str, facts: Mapping[str, Any]) -> None:
        self.transport = transport
        self.slug = slug
        self.facts = dict(facts)
        self._path = f"projects/{slug}"

    @property
    def lead(self) -> Lead:
        """What leads do; needs a token with the scope `lead`."""
        return Lead(self.transport, self._path)

    def tag(self, name: str) -> Mapping[str, Any]:
        """What a tag means: `meaning`, `other_names`, verified `examples`. Raises ApiError (404)."""
        return self.transport.get(f"{self._path}/concepts/named", name=name)

    def feedback(self) -> Iterator[Mapping[str, Any]]:
        """What experts found wrong in one's own work, the latest first."""
        return pages(self.transport, f"{self._path}/work/feedback")

    def work(self, kind: str = "tags", *, ahead: int = 5) -> Iterator[Item]:
        """Items to judge, one after the other, until none is open: `for item in project.work(): item.submit([…])`.

        kind: tags, questions (is the answer right?) or answers (write the right one). Holds up to `ahead` items at a
        time and gives back what is left when the loop ends early.
        """
        return work(self.transport, f"{self._path}/work/{kind}", ahead=ahead)

    def take_package(self, package_id: int | None = None) -> Package:
        """Take a package to review, by default the one that has waited longest. Raises ApiError (409)."""
        facts = self.transport.post(f"{self._path}/packages/take", {"package": package_id})
        return Package(self.transport, self._path, facts)

    def package(self, package_id: int) -> Package:
        """A package that one holds or closed. Raises ApiError (404)."""
        return Package(self.transport, self._path, self.transport.get(f"{self._path}/packages/{package_id}"))

    def packages(self) -> Mapping[str, Any]:
        """The expert's desk: what is `waiting`, what they have `held`, what they `decided`."""
        return self.transport.get(f"{self._path}/packages")

    def undo(self, key: str) -> bool:
        """Withdraw the verdict with this key. Whether it had been withdrawn before."""
        sent = {"verdict": key, "key": str(uuid.uuid4())}
        return bool(self.transport.post(f"{self._path}/work/tags/undo", sent)["repeated"])

    def my_numbers(self) -> Mapping[str, Any]:
        """One's own items, time and pay."""
        return self.transport.get(f"{self._path}/statistics/me")

    def my_pay(self, first: date | None = None, last: date | None = None) -> Mapping[str, Any]:
        """What one earned from `first` to `last`, both included; by default in this month."""
        return self.transport.get(f"{self._path}/pay/me", first=first, last=last)

    def my_entries(self, first: date | None = None, last: date | None = None) -> Iterator[Mapping[str, Any]]:
        """One's own statement, entry by entry, the oldest first."""
        return pages(self.transport, f"{self._path}/pay/me/entries", limit=100, first=first, last=last)

    def numbers(self) -> Mapping[str, Any]:
        """Where the project stands; for leads."""
        return self.transport.get(f"{self._path}/statistics")

    def accuracy(self) -> list[Mapping[str, Any]]:
        """For leads: each loop's `tags`, `qa`, `verified` and `verified_qa`, shares with their intervals, or None."""
        return list(self.transport.get(f"{self._path}/accuracy")["items"])

    def quality(self) -> list[Mapping[str, Any]]:
        """For leads: everybody who annotates, who needs help first."""
        return list(self.transport.get(f"{self._path}/quality")["people"])

    def agreement(self) -> Mapping[str, Any]:
        """For leads: how far `annotators`, and `experts`, agree with each other."""
        return self.transport.get(f"{self._path}/quality/agreement")

    def pay(self, first: date | None = None, last: date | None = None) -> Mapping[str, Any]:
        """For leads: what `people` earned in the period, and what `loops` cost so far."""
        return self.transport.get(f"{self._path}/pay", first=first, last=last)

    def entries_of(
        self, user_id: int, first: date | None = None, last: date | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """For leads: one person's statement."""
        return pages(self.transport, f"{self._path}/pay/people/{user_id}/entries", limit=100, first=first, last=last)

    def audits(self) -> Iterator[Audit]:
        """For leads: all audits, the newest first."""
        for facts in pages(self.transport, f"{self._path}/audits", limit=100):
            yield Audit(self.transport, self._path, facts)

    def audit_work(self, *, ahead: int = 4) -> Iterator[AuditItem]:
        """For experts: audited items to judge, one after the other, until none is open. Leaving the loop early gives
        the rest back."""
        return audit_items(self.transport, f"{self._path}/audits", ahead=ahead)

    def loops(self) -> Iterator[Loop]:
        """All loops, the newest first."""
        for facts in pages(self.transport, f"{self._path}/loops", limit=100):
            yield Loop(self.transport, self._path, facts)

    def loop(self, number: int) -> Loop:
        """One loop with its progress."""
        return Loop(self.transport, self._path, self.transport.get(f"{self._path}/loops/{number}"))

    def start_loop(self, *, budget: int | None = None) -> Loop:
        """Start the next loop with at most `budget` items. Raises ApiError (409) when one is running."""
        facts = self.transport.post(f"{self._path}/loops", {"budget": budget}, repeatable=False)
        return Loop(self.transport, self._path, facts)

    def exports(self) -> Iterator[Export]:
        """All exports, the newest first."""
        for facts in pages(self.transport, f"{self._path}/exports", limit=100):
            yield Export(self.transport, self._path, facts)

    def export(self, kind: str = "tags", **filters: Any) -> Export:
        """Ask for an export; the same request, while it is not finished, is the same export."""
        facts = self.transport.post(f"{self._path}/exports", {"kind": kind, **filters})
        return Export(self.transport, self._path, facts)
