"""One request too many, too late, or without an answer: one verdict, paid once."""

import contextlib
import uuid
from typing import Any

import pytest

from tests.factories import make_sample
from tests.faults.books import Books
from tests.faults.people import NoAnswer, Person, at_once, verdict_on
from tests.faults.web_servers import WebServer
from tests.verification.services.crowds import people

pytestmark = pytest.mark.django_db(transaction=True)


def lapse(books: Books) -> None:
    """All leases ran out an hour ago."""
    books.run("UPDATE verification_assignment SET leased_until = now() - interval '1 hour' WHERE state = 'leased'")


def test_a_hundred_people_for_the_last_item(project: Any, mortal_server: WebServer, books: Books) -> None:
    make_sample(project, items=1)
    crowd = [Person(user, mortal_server.port) for user in people(project, 100)]
    given = at_once([lambda person=person: person.lease(1) for person in crowd])
    ((winner, items),) = [(person, items) for person, items in zip(crowd, given, strict=True) if items]
    assert winner.submit(items[0]).status == 200
    assert all(person.lease(1) == [] for person in crowd[:10])
    assert books.unfinished(1) == []
    assert books.faults() == []


def test_the_same_submit_twice_at_once_is_one_verdict(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=6)
    tabs = [Person(ana, mortal_server.port)]
    tabs.append(tabs[0].another_tab())
    for item in tabs[0].lease(6):
        sent = verdict_on(item, wrong=2)
        answers = at_once([lambda tab=tab, sent=sent: tab.post("submit", sent) for tab in tabs])
        assert [answer.status for answer in answers] == [200, 200]
        assert sorted(answer.content["repeated"] for answer in answers) == [False, True]
    assert books.count("verdict") == books.count("ledgerentry") == 6
    assert books.faults() == []


def test_two_different_submits_of_one_slot_at_once_are_one_verdict(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=6)
    tabs = [Person(ana, mortal_server.port)]
    tabs.append(tabs[0].another_tab())
    for item in tabs[0].lease(6):
        answers = at_once(
            [lambda tab=tab, wrong=wrong, item=item: tab.submit(item, wrong=wrong) for wrong, tab in enumerate(tabs)]
        )
        assert sorted((answer.status, answer.code) for answer in answers) == [(200, ""), (409, "already_done")]
    assert books.count("verdict") == books.count("ledgerentry") == 6


def test_a_key_that_was_used_is_not_used_for_something_else(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=2)
    person = Person(ana, mortal_server.port)
    first, second = person.lease(2)
    key = str(uuid.uuid4())
    assert person.submit(first, key=key).status == 200
    assert person.submit(first, key=key, wrong=1).code == "key_reused"
    assert person.submit(second, key=key).code == "key_reused"
    assert books.count("verdict") == books.count("ledgerentry") == 1


def test_a_replayed_lease_gives_the_same_items_and_nothing_else(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=30)
    person = Person(ana, mortal_server.port)
    items = person.lease(4)
    assert [item["assignment"] for item in person.lease(4)] == [item["assignment"] for item in items]
    again = at_once([lambda: person.another_tab().lease(4)] * 6)
    assert {item["assignment"] for held in again for item in held} == {item["assignment"] for item in items}
    assert books.one("SELECT count(*) FROM verification_assignment WHERE state = 'leased'") == 4


def test_a_verdict_after_the_lease_moved_on_is_kept_and_neither_counted_nor_paid(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=1)
    late, other = Person(ana, mortal_server.port), Person(people(project, 1)[0], mortal_server.port)
    (item,) = late.lease(1)
    lapse(books)
    (taken,) = other.lease(1)
    assert taken["item"] == item["item"]
    sent = verdict_on(item, wrong=1)
    for _replay in range(2):
        answer = late.post("submit", sent)
        assert (answer.status, answer.code) == (409, "lease_lost")
    assert other.submit(taken).status == 200
    assert late.post("submit", sent).code == "lease_lost"
    assert books.rows("SELECT key::text, rejected_ids FROM verification_lateverdict") == [
        (sent["key"], sent["rejected"])
    ]
    assert books.count("verdict") == books.count("ledgerentry") == 1
    assert books.faults() == []


def test_a_late_verdict_on_a_slot_that_nobody_took_counts(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=1)
    late, other = Person(ana, mortal_server.port), Person(people(project, 1)[0], mortal_server.port)
    (item,) = late.lease(1)
    lapse(books)
    assert other.submit({**item, "ticket": "0" * 32}).status == 404  # nobody judges what they were not given
    assert late.submit(item).status == 200
    assert other.lease(1) == []
    assert books.unfinished(1) == books.faults() == []


@pytest.mark.parametrize("want", [0, 1])
def test_kill_9_between_commit_and_answer_costs_nothing(
    project: Any, ana: Any, mortal_server: WebServer, books: Books, want: int
) -> None:
    make_sample(project, items=5)
    person = Person(ana, mortal_server.port)
    items = person.lease(3)
    for item in items:
        before = mortal_server.workers()
        sent = verdict_on(item, wrong=1, want=want)
        with pytest.raises(NoAnswer):
            person.post("submit", sent, **{"X-Die": "after-commit"})
        assert sent["key"] in books.verdict_keys()  # committed, and nobody was told
        receipt = person.keep_trying("submit", sent)
        assert receipt.status == 200
        assert receipt.content["repeated"] is True
        assert mortal_server.workers() != before
    assert books.count("verdict") == books.count("ledgerentry") == 3
    assert books.one("SELECT sum(amount) FROM verification_ledgerentry") == 3 * project.tag_rate
    assert books.faults() == []


def test_kill_9_after_an_undo_takes_the_pay_back_once(
    project: Any, ana: Any, mortal_server: WebServer, books: Books
) -> None:
    make_sample(project, items=2)
    person = Person(ana, mortal_server.port)
    (item,) = person.lease(1)
    key = str(uuid.uuid4())
    assert person.submit(item, key=key).status == 200
    undo = {"verdict": key, "key": str(uuid.uuid4())}
    with contextlib.suppress(NoAnswer):
        person.post("undo", undo, **{"X-Die": "after-commit"})
    assert person.keep_trying("undo", undo).content["repeated"] is True
    assert books.one("SELECT sum(amount) FROM verification_ledgerentry") == 0
    assert books.count("ledgerentry") == 2
    (again,) = person.lease(1)
    assert again["assignment"] == item["assignment"]
    assert person.submit(again).status == 200
    assert books.faults() == []
