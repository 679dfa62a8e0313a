"""How regions spread over concepts: counted, or taken from the database's statistics."""

from typing import Any

import pytest
from django.db import connection

from tests.annotation.scenes import make_scene
from verification.selectors import concept_spreads
from verification.selectors.concept_spreads import spread_of_loop

pytestmark = pytest.mark.django_db


def test_few_regions_are_counted(project: Any) -> None:
    loop = make_scene(project, photos=3, regions=4)
    spread = spread_of_loop(loop.pk)
    assert spread is not None
    assert spread.is_exact
    assert spread.frequencies.tolist() == [3, 3, 3, 3]


def test_many_regions_are_estimated_from_statistics(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = make_scene(project, photos=5, regions=6)
    monkeypatch.setattr(concept_spreads, "MOST_COUNTED", 10)
    assert spread_of_loop(loop.pk) is None
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE annotation_regionannotation_{loop.pk}")
    spread = spread_of_loop(loop.pk)
    assert spread is not None
    assert not spread.is_exact
    assert spread.regions == 30
    assert sorted(spread.frequencies.tolist()) == [5] * 6


def test_a_loop_without_annotations_has_an_empty_spread(project: Any) -> None:
    spread = spread_of_loop(make_scene(project, photos=0).pk)
    assert spread is not None
    assert spread.regions == 0
