"""What leads do: packages, people's quality, items, tags' meanings, webhooks, the people of the project."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from argus_client.paging import pages
from argus_client.transport import Transport


class Lead:
    """`project.lead`: needs a token with the scope `lead`, of a lead of the project; `manage` where that is said."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    # ---------- packages ----------

    def packages(
        self, *, state: str | None = None, stage: str | None = None, author: int | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """All packages, the newest first. state: ready, reviewing, accepted, failed, escalated, redo or cancelled;
        stage: tag, qa or answer; author: whose verdicts they hold."""
        return pages(self._transport, f"{self._path}/packages/all", state=state, stage=stage, author=author, limit=100)

    def package(self, package_id: int) -> Mapping[str, Any]:
        """One package with its marks and rulings."""
        return self._transport.get(f"{self._path}/packages/all/{package_id}")

    def give_package(self, package_id: int, annotator: int) -> Mapping[str, Any]:
        """Send an escalated package to this annotator, who judges it anew."""
        return self._transport.post(f"{self._path}/packages/all/{package_id}/give", {"annotator": annotator})

    def accept_package(self, package_id: int, note: str) -> Mapping[str, Any]:
        """Let an escalated package pass as its expert ruled on it."""
        return self._transport.post(f"{self._path}/packages/all/{package_id}/accept", {"note": note})

    def ask_package_again(self, package_id: int, note: str) -> Mapping[str, Any]:
        """Dissolve an escalated package: its items go to new people."""
        return self._transport.post(f"{self._path}/packages/all/{package_id}/ask-again", {"note": note})

    # ---------- people's work ----------

    def annotator(self, user_id: int) -> Mapping[str, Any]:
        """One person of the quality board, with `confusion` (tags they let pass or reject wrongly) and `changes`."""
        return self._transport.get(f"{self._path}/quality/people/{user_id}")

    def pause(self, user_id: int, reason: str = "") -> Mapping[str, Any]:
        """Give somebody no more items; they read the reason."""
        return self._transport.post(f"{self._path}/quality/people/{user_id}/pause", {"reason": reason})

    def requalify(self, user_id: int, reason: str = "") -> Mapping[str, Any]:
        """Give somebody no items until they have passed the qualifying round."""
        return self._transport.post(f"{self._path}/quality/people/{user_id}/requalify", {"reason": reason})

    def resume(self, user_id: int) -> Mapping[str, Any]:
        """Let somebody work again."""
        return self._transport.post(f"{self._path}/quality/people/{user_id}/resume")

    def send_back(
        self, user_id: int, count: int, reason: str = "", *, take_pay_back: bool = False
    ) -> Mapping[str, Any]:
        """Let others judge somebody's latest `count` items again. Not repeated by itself after a lost answer."""
        sent = {"count": count, "reason": reason, "take_pay_back": take_pay_back}
        return self._transport.post(f"{self._path}/quality/people/{user_id}/send-back", sent, repeatable=False)

    # ---------- items ----------

    def samples(self) -> list[Mapping[str, Any]]:
        """The latest samples."""
        return list(self._transport.get(f"{self._path}/samples")["items"])

    def items(self, sample: int, **filters: Any) -> Iterator[Mapping[str, Any]]:
        """Items of a sample: state, tag, annotator, priority, skipped, held."""
        return pages(self._transport, f"{self._path}/items", sample=sample, **filters)

    def act(self, action: str, items: Iterable[int], *, dry_run: bool = False) -> Mapping[str, Any]:
        """requeue, remove or restore up to 5,000 items: to which it was done, and how many were left out, and why."""
        sent = {"action": action, "items": list(items), "dry_run": dry_run}
        return self._transport.post(f"{self._path}/items/act", sent)

    def assign(self, items: Iterable[int], people: Iterable[int] = (), teams: Iterable[int] = ()) -> Mapping[str, Any]:
        """Keep items for people; without any, anybody may have them again."""
        sent = {"items": list(items), "people": list(people), "teams": list(teams)}
        return self._transport.post(f"{self._path}/items/assign", sent)

    def history(self, item: int) -> list[Mapping[str, Any]]:
        """Everything that happened to an item, the oldest first."""
        return list(self._transport.get(f"{self._path}/items/{item}/history")["events"])

    def comment(self, item: int, annotator: int, text: str) -> list[Mapping[str, Any]]:
        """Write to an annotator about their work on an item: the thread."""
        sent = {"text": text, "key": str(uuid.uuid4())}
        return list(self._transport.post(f"{self._path}/items/{item}/threads/{annotator}", sent)["comments"])

    # ---------- tags ----------

    def write_meaning(self, concept_id: int, text: str, *, over: int | None = None) -> Mapping[str, Any]:
        """Say what a tag means, for all projects of the site. over: `id` of the meaning that you saw, 0 for none."""
        sent = {"text": text} if over is None else {"text": text, "over": over}
        return self._transport.post(f"{self._path}/concepts/{concept_id}/meanings", sent)

    # ---------- what comes next ----------

    def next_loop(self, **sampling: Any) -> Mapping[str, Any]:
        """What the next loop would ask of people; budget, min_frequency, max_concepts, question_budget."""
        return self._transport.get(f"{self._path}/loops/next", **sampling)

    def forecast(self, **numbers: Any) -> Mapping[str, Any]:
        """Hours, days and money of judging `regions`; seconds, overlap, people, hours_a_day, rate."""
        return self._transport.get(f"{self._path}/pay/forecast", **numbers)

    # ---------- people, teams, invitations, webhooks: scope `manage` ----------

    def people(self) -> list[Mapping[str, Any]]:
        """Who is in the project, with their roles."""
        return list(self._transport.get(f"{self._path}/people")["items"])

    def teams(self) -> list[Mapping[str, Any]]:
        return list(self._transport.get(f"{self._path}/teams")["items"])

    def invite(self, email: str, *roles: str, team: int | None = None, days: int = 7) -> Mapping[str, Any]:
        """A link that lets one person in: pass it on, no mail is sent."""
        sent = {"email": email, "roles": list(roles), "team": team, "days": days}
        return self._transport.post(f"{self._path}/invitations", sent)

    def webhooks(self) -> list[Mapping[str, Any]]:
        return list(self._transport.get(f"{self._path}/webhooks")["items"])

    def add_webhook(self, url: str, *events: str) -> Mapping[str, Any]:
        """Tell an address what happens; `secret` is shown now and never again."""
        return self._transport.post(f"{self._path}/webhooks", {"url": url, "events": list(events)}, repeatable=False)

    def deliveries(self, webhook: int) -> Iterator[Mapping[str, Any]]:
        """What an address was told, the newest first."""
        return pages(self._transport, f"{self._path}/webhooks/{webhook}/deliveries")
