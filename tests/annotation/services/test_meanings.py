"""What tags mean: written, taken away, brought in from lists."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from annotation.importers.meanings import read_meanings
from annotation.models import Concept, ConceptMeaning, MeaningSource
from annotation.selectors.concepts import all_tags, concept_that_counts, meaning_of, meanings_before, tag_named
from annotation.services.concepts import concept_ids_for
from annotation.services.meanings import import_meanings, write_meaning
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def cup() -> Concept:
    concept_ids_for(["Cup", "bench", "dog"])
    return Concept.objects.get(text="cup")


def write(cup: Concept, project: Any, lea: Any, text: str, **more: Any) -> ConceptMeaning | None:
    return write_meaning(concept_id=cup.pk, text=text, writer_id=lea.pk, project_id=project.pk, **more)


def test_the_latest_meaning_counts_and_the_others_are_its_history(cup: Concept, project: Any, lea: Any) -> None:
    assert meaning_of(cup.pk) is None
    write(cup, project, lea, "A vessel.")
    write(cup, project, lea, "A small vessel to drink from.")
    write(cup, project, lea, "A small vessel to drink from. ")  # the same
    found = meaning_of(cup.pk)
    assert found is not None
    assert (found.text, found.source, found.writer_id) == ("A small vessel to drink from.", "person", lea.pk)
    write(cup, project, lea, "")
    assert meaning_of(cup.pk) is None
    assert [one.text for one in meanings_before(cup.pk)] == ["", "A small vessel to drink from.", "A vessel."]


def test_a_meaning_is_one_line_of_plain_text(cup: Concept, project: Any, lea: Any) -> None:
    written = write(cup, project, lea, "A <b>vessel</b>\r\n\u202eto drink\x00 from")
    assert written is not None
    assert written.text == "A <b>vessel</b> to drink from"  # markup is text: pages escape it
    with pytest.raises(BadInput, match="501"):
        write(cup, project, lea, "x" * 501)
    with pytest.raises(BadInput):
        write(cup, project, lea, "x" * 3_000_000)
    assert write(cup, project, lea, " " * 600 + "x" * 500) is not None
    assert ConceptMeaning.objects.count() == 2


def test_an_unknown_tag_has_no_meaning(project: Any, lea: Any) -> None:
    for concept_id in (0, 2**40, 2**70):
        with pytest.raises(NotFound):
            write_meaning(concept_id=concept_id, text="x", writer_id=lea.pk, project_id=project.pk)
        assert concept_that_counts(concept_id) is None


def test_a_merged_tag_has_the_meaning_of_what_it_stands_for(cup: Concept, project: Any, lea: Any) -> None:
    mug = Concept.objects.create(text="mug", display="Mug", alias_of=cup)
    write(mug, project, lea, "A vessel.")
    assert ConceptMeaning.objects.get().concept == cup
    assert tag_named(" MUG ") == cup
    assert tag_named("nothing of the kind") is None


def test_who_saw_an_older_meaning_is_told(cup: Concept, project: Any, lea: Any, ana: Any) -> None:
    first = write(cup, project, lea, "A vessel.", over=0)
    assert first is not None
    with pytest.raises(Conflict) as refused:
        write(cup, project, ana, "A trophy.", over=0)
    assert refused.value.code == "meaning_changed"
    assert write(cup, project, ana, "A vessel.", over=0) == first  # what they wanted stands there
    assert write(cup, project, ana, "A trophy.", over=first.pk) is not None


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_at_once_one_is_told(cup: Concept, project: Any, lea: Any) -> None:
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def change(text: str) -> None:
        barrier.wait()
        try:
            write(cup, project, lea, text, over=0)
            outcomes.append("written")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=[text]) for text in ("A vessel.", "A trophy.")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["meaning_changed", "written"]
    assert ConceptMeaning.objects.count() == 1


def test_a_list_fills_in_what_is_missing_and_leaves_peoples_words(cup: Concept, project: Any, lea: Any) -> None:
    write(cup, project, lea, "Our cup.")
    rows = [("CUP", "A vessel."), ("bench", "A seat."), ("bench", "A long seat."), ("gnu", "An antelope."), ("dog", "")]
    done = import_meanings([*rows, ("dog", "x" * 501)])
    assert (done.written, done.kept, done.unknown, done.refused) == (1, 1, 1, 2)
    assert done.names == ["dog", "dog", "gnu"]
    again = import_meanings(rows)
    assert (again.written, again.unchanged, again.kept) == (0, 1, 1)
    replaced = import_meanings(rows, source=MeaningSource.WORDNET, replace=True)
    assert (replaced.written, replaced.unchanged) == (1, 1)
    assert [one.source for one in meanings_before(cup.pk)] == ["wordnet", "person"]


def test_a_meaning_taken_away_is_not_brought_back_by_a_list(cup: Concept, project: Any, lea: Any) -> None:
    write(cup, project, lea, "Our cup.")
    write(cup, project, lea, "")
    assert import_meanings([("cup", "A vessel.")]).kept == 1
    assert meaning_of(cup.pk) is None


def test_many_are_written_in_few_statements(django_assert_max_num_queries: Any) -> None:
    concept_ids_for([f"thing {number}" for number in range(3000)])
    with django_assert_max_num_queries(14):  # two batches
        assert import_meanings([(f"thing {number}", f"Number {number}.") for number in range(3000)]).written == 3000
    assert len(list(all_tags())) == 3000


def test_lists_are_csv_or_jsonl(tmp_path: Path) -> None:
    rows = [("cup", 'A vessel, "small".'), ("dog", "An animal.")]
    (tmp_path / "a.csv").write_text('\ufeffname,meaning,note\ncup,"A vessel, ""small"".",x\ndog,An animal.,\n')
    lines = [json.dumps({"name": name, "meaning": meaning}) for name, meaning in rows]
    (tmp_path / "a.jsonl").write_text("\n\n".join(lines))
    assert list(read_meanings(tmp_path / "a.csv")) == rows
    assert list(read_meanings(tmp_path / "a.jsonl")) == rows


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"tag,text\ncup,x\n", "name and meaning"),
        ("a.csv", b"", "name and meaning"),
        ("a.csv", b"name,meaning\ncup\n", "Line 2"),
        ("a.csv", b'name,meaning\ncup,"' + b"x" * 200_000, "Line"),
        ("a.csv", b"name,meaning\n\xff,x\n", "UTF-8"),
        ("a.jsonl", b'{"name": "cup", "meaning": "x"}\n{"name": 1, "meaning": "x"}', "Line 2"),
        ("a.jsonl", b"[" * 90_000, "Line 1"),
        ("a.jsonl", b'"' + b"x" * 200_000, "Line 1 is too long"),
        ("a.jsonl", b"null", "Line 1"),
    ],
)
def test_a_broken_list_is_refused_with_its_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=said):
        list(read_meanings(tmp_path / name))
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_meanings(tmp_path / "nowhere.csv"))
