import threading
from typing import Any

import pytest
from django.db import connection, transaction

from annotation.models import Concept, Producer
from annotation.services.concepts import concept_ids_for
from annotation.services.producers import get_producer


@pytest.mark.django_db
def test_texts_that_differ_only_in_writing_are_one_concept() -> None:
    ids = concept_ids_for(["The Sphinxes", "the  sphinxes", "THE SPHINXES"])
    assert len(set(ids.values())) == 1
    assert Concept.objects.get().text == "the sphinxes"
    assert Concept.objects.get().display == "The Sphinxes"


@pytest.mark.django_db
def test_asking_again_makes_nothing_new(django_assert_num_queries: Any) -> None:
    first = concept_ids_for(["cat", "dog"])
    with django_assert_num_queries(1):
        assert concept_ids_for(["dog", "cat"]) == first
    assert concept_ids_for(["cat", "bird"])["cat"] == first["cat"]
    assert Concept.objects.count() == 3


@pytest.mark.django_db
def test_texts_that_can_be_no_concept_are_left_out() -> None:
    assert list(concept_ids_for(["cat", "", "\u202e", "x" * 101])) == ["cat"]
    assert concept_ids_for([]) == {}


@pytest.mark.django_db
def test_predicates_are_concepts_of_another_kind() -> None:
    assert concept_ids_for(["on"], kind="predicate") != concept_ids_for(["on"])


@pytest.mark.django_db(transaction=True)
def test_callers_at_the_same_time_agree_and_never_wait_in_a_circle() -> None:
    texts = [f"word {number}" for number in range(300)]
    results: list[dict[str, int]] = []
    barrier = threading.Barrier(4)

    def work(place: int) -> None:
        try:
            barrier.wait()
            with transaction.atomic():
                results.append(concept_ids_for(texts[place:] + texts[:place]))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(place * 75,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == 4
    assert all(result == results[0] for result in results)
    assert Concept.objects.count() == 300


@pytest.mark.django_db
def test_a_producer_is_its_backend_model_version_and_configuration() -> None:
    one = get_producer("builtin", "felzenszwalb", "1", {"scale": 100, "sigma": 0.5})
    assert get_producer("builtin", "felzenszwalb", "1", {"sigma": 0.5, "scale": 100}) == one
    assert get_producer("builtin", "felzenszwalb", "1", {"scale": 200}) != one
    assert get_producer("builtin", "felzenszwalb", "1", config_digest=one.config_digest) == one
    assert get_producer("builtin", "felzenszwalb", "2").config_digest == ""
    assert Producer.objects.count() == 3
