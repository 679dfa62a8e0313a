"""What the client's README and its example programs show works, in that order, on a live server."""

import re
import runpy
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from annotation.models import ConceptMeaning, Loop
from tests.factories import make_image, make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import member, packed, reviewed, said
from tests.verification.questions import check, make_question_sample
from tests.verification.services.annotated import annotated_loop
from verification.models import AuditSlot, Export, ReviewPackage, Verdict
from verification.services.audit_draws import draw_audit
from verification.services.exports import run_export
from webapp.accounts.models import TokenScope
from webapp.accounts.tokens import issue_token
from webapp.projects.models import Invitation

CLIENT = Path(__file__).parents[2] / "clients" / "python"
BLOCKS = re.findall(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
WAY_IN = '"https://argus.example.org", "argus_…"'

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker() -> Iterator[None]:
    """Writes the exports that are asked for, as a worker does."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(0.05):
            for export_id in Export.objects.filter(state="pending").values_list("pk", flat=True):
                run_export(export_id)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    is_over.set()
    thread.join()


@pytest.fixture
def everybody(project: Any) -> Any:
    """Somebody with every role, and work of each kind that others left for them."""
    ana, ben = member(project, "ana", "annotator"), member(project, "ben", "annotator")
    sample = make_sample(reviewed(project, size=4, threshold=0.2), items=7)
    for place, item in enumerate(items_of(sample)[:4]):
        said(item, ana, *([item.shown["tags"][0]["text"]] if place == 1 else []))
    packed(sample, final=False)
    check(items_of(make_question_sample(sample))[0], ben, "wrong_answer")
    draw_audit(loop=annotated_loop(project, {"cup": 4}, number=2), size=4, seed=1)
    Loop.objects.filter(project=project).update(state="finished")
    return member(project, "nora", "annotator", "expert", "lead", "consumer")


def test_the_blocks_of_the_readme_run_as_they_stand(
    project: Any, everybody: Any, worker: None, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _token, secret = issue_token(user=everybody, name="readme", scopes=list(TokenScope.values), days=7)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"fits": lambda photo, box, text: photo[8:12] == b"WEBP" and len(box) == 4}
    assert WAY_IN in BLOCKS[0]
    for block in BLOCKS:
        code = block.replace(WAY_IN, repr((live_server.url, secret))[1:-1])
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102  # our own document
    kinds = Verdict.objects.filter(annotator=everybody).values_list("item__sample__task_kind", flat=True)
    assert Counter(kinds) == {"tag": 3, "qa": 6, "answer": 1}
    assert ReviewPackage.objects.get().expert == everybody
    assert AuditSlot.objects.filter(state="done", expert=everybody).count() == 4
    names["client"].close()
    assert (tmp_path / "tags.jsonl").exists()
    assert project.loops.filter(number=3).exists()
    assert ConceptMeaning.objects.get().text == "A jug that milk is poured from."
    assert Invitation.objects.get().email == "nia@example.org"


def test_the_example_programs_run(
    project: Any, ana: Any, cleo: Any, worker: None, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sample(project, items=2)
    make_image(project)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGUS_URL", live_server.url)
    typed = iter(["1 3", ""])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    for user, program, arguments in (
        (ana, "judge_items", ("street",)),
        (cleo, "fetch_export", ("street", "tags.jsonl")),
    ):
        _token, secret = issue_token(user=user, name=program, scopes=["read", "annotate", "export"], days=7)
        monkeypatch.setenv("ARGUS_TOKEN", secret)
        runpy.run_path(str(CLIENT / "examples" / f"{program}.py"))["main"](*arguments)
    assert sorted(len(verdict.rejected_ids) for verdict in Verdict.objects.filter(annotator=ana)) == [0, 2]
    assert (tmp_path / "tags.jsonl").exists()
