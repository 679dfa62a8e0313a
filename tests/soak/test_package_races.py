"""Sixteen processes race for one package over HTTP, to take it and to decide it: one expert wins each, alone.

A round is one package: taken by one; then, its claim lapsed, closed by its holder while all others take it over; then
closed once more by all. 8 rounds in `make test`, 600 in `make soak`.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count, F

from tests.faults.web_servers import ROOT, WebServer, test_database_url
from tests.verification.packages import judged_sample, member, packed, reviewed
from verification.models import PackageState, ReviewPackage, Ruling
from webapp.accounts.models import User
from webapp.accounts.tokens import issue_token
from webapp.projects.models import Membership

CROWD = 16
SIZE = 3

pytestmark = pytest.mark.django_db(transaction=True)


def experts_of(project: Any, count: int) -> list[dict[str, Any]]:
    """Experts as the racers know them: an id, and the headers of a program with a token."""
    users = User.objects.bulk_create(
        User(username=f"expert{number}", email=f"expert{number}@example.org") for number in range(count)
    )
    Membership.objects.bulk_create(Membership(project=project, user=user, role="expert") for user in users)
    secrets = [issue_token(user=user, name="race", scopes=["annotate"], days=7)[1] for user in users]
    return [
        {"id": user.pk, "headers": {"Authorization": f"Bearer {secret}"}}
        for user, secret in zip(users, secrets, strict=True)
    ]


def run_races(folder: Path, port: int, project: Any, packages: list[int], experts: list[dict[str, Any]]) -> Any:
    plan = {
        "port": port,
        "database": test_database_url(),
        "address": f"/api/v1/projects/{project.slug}/packages",
        "experts": experts,
        "packages": packages,
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.package_racers", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("rounds", "who"),
    [
        (5, 16),
        (3, 8),
        pytest.param(400, 16, marks=pytest.mark.soak),
        pytest.param(200, 8, marks=pytest.mark.soak),
    ],
)
def test_one_expert_takes_and_one_decides_whoever_comes_at_the_same_moment(
    tmp_path: Path, project: Any, racecourse: WebServer, rounds: int, who: int
) -> None:
    ana = member(project, "ana", "annotator")
    made = packed(judged_sample(reviewed(project, size=SIZE), ana, items=rounds * SIZE))
    packages = [package.pk for package in made]
    assert len(packages) == rounds
    told = run_races(tmp_path, racecourse.port, project, packages, experts_of(project, who) * (CROWD // who))

    takers: dict[int, set[int]] = defaultdict(set)
    deciders: dict[int, list[int]] = defaultdict(list)
    asked_again: dict[int, set[int]] = defaultdict(set)
    refused: Counter[tuple[str, str, str]] = Counter()
    for number, start, expert, what, status, code, text in told:
        assert what != "failed", text
        if status != 200:
            assert status == 409, (what, status, text)
            assert len(text) > 40, "who loses is told what happened"
            refused[start, what, code] += 1
        elif what == "close" and code == "decided":
            deciders[number].append(expert)
        elif what == "take" and start == "take":
            takers[number].add(expert)
        elif what == "close":
            asked_again[number].add(expert)
    assert {number: len(people) for number, people in takers.items()} == dict.fromkeys(range(rounds), 1)
    assert {number: len(people) for number, people in deciders.items()} == dict.fromkeys(range(rounds), 1)
    assert asked_again == {number: set(people) for number, people in deciders.items()}
    assert {code for _start, what, code in refused if what == "take"} == {"package_taken"}
    assert {code for _start, what, code in refused if what in ("rule", "close")} == {"not_yours"}

    for number, package in enumerate(ReviewPackage.objects.filter(pk__in=packages).order_by("pk")):
        assert (package.state, package.right_items, [package.expert_id]) == (
            PackageState.ACCEPTED,
            SIZE,
            deciders[number],
        )
    mixed = Ruling.objects.values("package_item__package").annotate(
        rulings=Count("pk"), experts=Count("expert", distinct=True)
    )
    assert set(mixed.values_list("rulings", "experts")) == {(SIZE, 1)}
    assert Ruling.objects.exclude(expert=F("package_item__package__expert")).count() == 0
    lost = sum(len(takers[number] & set(deciders[number])) == 0 for number in range(rounds))
    print(f"{rounds} rounds, {len(told)} requests, taken over in {lost}; refused: {dict(refused)}")
