"""How far a sample is, and what large ones are spared."""

from typing import Any

import pytest
from django.core.cache import cache

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from verification.selectors import sample_progress
from verification.selectors.sample_progress import progress_of_sample

pytestmark = pytest.mark.django_db


def test_verdicts_and_pay_are_counted_at_once(project: Any, ana: Any) -> None:
    sample = make_sample(project, items=3)
    assert progress_of_sample(sample).done == 0
    judge(items_of(sample)[0], ana)
    found = progress_of_sample(sample)
    assert (found.items, found.total, found.done) == (3, 3, 1)
    assert found.spent == project.tag_rate


def test_a_large_sample_is_counted_now_and_then(project: Any, ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_progress, "MOST_SUMMED", 2)
    sample = make_sample(project, items=3)
    first = progress_of_sample(sample)
    assert (first.done, first.spent) == (0, None)
    judge(items_of(sample)[0], ana)
    assert progress_of_sample(sample) == first
    cache.clear()
    assert progress_of_sample(sample).done == 1
