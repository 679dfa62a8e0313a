"""`manage.py import_meanings`: a list, or WordNet."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotation.models import ConceptMeaning
from annotation.services.concepts import concept_ids_for

pytestmark = pytest.mark.django_db


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("import_meanings", *arguments, stdout=out)
    return out.getvalue()


def test_wordnet_knows_common_things_and_says_nothing_about_the_rest() -> None:
    concept_ids_for(["Cup", "Traffic Light", "flurble"])
    assert run("--wordnet").startswith("2 meanings written")
    texts = dict(ConceptMeaning.objects.values_list("concept__text", "text"))
    assert texts["cup"].startswith("a small open container usually used for drinking")
    assert set(ConceptMeaning.objects.values_list("source", flat=True)) == {"wordnet"}
    assert run("--wordnet").startswith("0 meanings written, 2 stood there already")


def test_a_file_may_replace_what_stands_there(tmp_path: Path) -> None:
    concept_ids_for(["cup"])
    run("--wordnet")
    (tmp_path / "ours.csv").write_text("name,meaning\ncup,Ours.\ngnu,None here.\n")
    assert "1 tags kept theirs" in run(tmp_path / "ours.csv")
    said = run(tmp_path / "ours.csv", "--replace")
    assert said.startswith("1 meanings written")
    assert "1 names are no tags here" in said
    assert "gnu" in said
    assert ConceptMeaning.objects.order_by("-pk")[0].text == "Ours."


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    (tmp_path / "ours.jsonl").write_text("{")
    with pytest.raises(CommandError, match="Line 1 is not JSON"):
        run(tmp_path / "ours.jsonl")
