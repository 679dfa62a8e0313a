"""The extract of WordNet: what it knows, and that it is what WordNet says."""

import time
from pathlib import Path

import pytest

from ml.backends.builtin import extract_wordnet, wordnets

WORDNET = Path("/usr/share/wordnet")


def test_it_is_small_and_loads_fast() -> None:
    assert extract_wordnet.TARGET.stat().st_size < 1_500_000
    wordnets.load.cache_clear()
    start = time.process_time()
    wordnets.load()
    assert time.process_time() - start < 1.0  # of the processor's time: 0.1 s alone


def test_its_licence_ships_beside_it() -> None:
    text = (extract_wordnet.TARGET.parent / "LICENSE.wordnet").read_text()
    assert "Princeton University" in text
    assert "WITHOUT FEE" in text.upper()


@pytest.mark.skipif(not WORDNET.is_dir(), reason="needs the Debian package wordnet-base")
def test_a_fresh_extraction_gives_the_same_bytes() -> None:
    fresh = extract_wordnet.packed(extract_wordnet.extract(WORDNET))
    assert fresh == extract_wordnet.TARGET.read_bytes()
    glosses = extract_wordnet.packed(extract_wordnet.glosses(WORDNET))
    assert glosses == (extract_wordnet.TARGET.parent / extract_wordnet.GLOSSES).read_bytes()


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("cup", "a small open container usually used for drinking"),
        ("Traffic  Light", "a visual signal to control the flow of traffic"),
        ("cups", "a small open container"),
        ("blorp", None),
        ("Paris", None),
        ("", None),
    ],
)
def test_a_tag_means_what_its_main_sense_does(tag: str, said: str | None) -> None:
    found = wordnets.meaning(tag)
    assert found is None if said is None else found is not None and found.startswith(said)


def test_every_gloss_fits_into_a_meaning() -> None:
    assert max(map(len, wordnets._glosses())) <= 500


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("knives", "knife"),
        ("men", "man"),
        ("boxes", "box"),
        ("buses", "bus"),
        ("cherries", "cherry"),
        ("cookies", "cookie"),
        ("shoes", "shoe"),
        ("benches", "bench"),
        ("scissors", "scissors"),
        ("glasses", "glasses"),
        ("sheep", "sheep"),
        ("firemen", "fireman"),
        ("hot dog", "hot dog"),
        ("qwertz", None),
    ],
)
def test_noun_lemmas(word: str, lemma: str | None) -> None:
    assert wordnets.load().noun_lemma(word) == lemma


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("riding", "ride"),
        ("sitting", "sit"),
        ("carries", "carry"),
        ("stood", "stand"),
        ("parked", "park"),
        ("xx", None),
    ],
)
def test_verb_lemmas(word: str, lemma: str | None) -> None:
    assert wordnets.load().verb_lemma(word) == lemma


@pytest.mark.parametrize("noun", ["dog", "cup", "beach", "person", "people", "sky", "street sign", "herd", "pizza"])
def test_what_can_be_seen(noun: str) -> None:
    assert wordnets.load().is_depictable(noun)


@pytest.mark.parametrize("noun", ["happiness", "idea", "thursday", "kilometer", "knowledge", "paris"])
def test_what_cannot(noun: str) -> None:
    assert not wordnets.load().is_depictable(noun)


def test_a_dog_is_an_animal() -> None:
    wordnet = wordnets.load()
    dog, animal = wordnet.main_sense("dog"), wordnet.main_sense("animal")
    assert dog is not None
    assert animal in wordnet.ancestors(dog)


def test_a_toaster_is_a_thing_rather_than_a_person() -> None:
    wordnet = wordnets.load()
    toaster = wordnet.main_sense("toaster")
    assert toaster is not None
    assert wordnet.file(toaster) == 6
