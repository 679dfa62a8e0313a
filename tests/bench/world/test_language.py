import re

import pytest

from bench.world.captions import all_texts, region_caption, scene_caption, triples
from bench.world.concepts import BY_NAME, CONCEPTS
from bench.world.language import KINDS, answered, questions, understood
from bench.world.nouns import all_nouns, counted, listed, normalized, phrase, plural
from bench.world.scenes import make_scene


def words(text):
    return set(re.findall(r"[\w-]+", text))


def test_nouns_have_their_articles_and_plurals():
    assert [phrase(noun) for noun in ("cat", "owl", "unicorn", "hourglass", "jeans", "bread", "clothing")] == [
        "a cat", "an owl", "a unicorn", "an hourglass", "jeans", "bread", "clothing",
    ]  # fmt: skip
    assert phrase("cat", "orange") == "an orange cat"
    assert [plural(noun) for noun in ("cat", "fox", "strawberry", "mouse", "monkey", "leaf", "torch", "jeans")] == [
        "cats", "foxes", "strawberries", "mice", "monkeys", "leafs", "torches", "jeans",
    ]  # fmt: skip
    assert [counted("cat", count) for count in (1, 3)] == ["a cat", "three cats"]
    assert [listed(["a", "b", "c"][:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_texts_are_compared_without_case_articles_and_punctuation():
    assert normalized(" The  t-shirt is GREY!") == normalized("t-shirt is gray") == "t-shirt is gray"
    assert normalized("What colour is the cat?") == "what color is cat"


def test_every_question_is_understood(scenes):
    for scene in scenes[:20]:
        for thing in scene.objects:
            for asked in questions(scene, thing):
                kind, noun = understood(asked.question)
                assert kind.name == asked.kind
                assert noun in {"", thing.concept}
    assert understood("What colour are the cat?") == (KINDS["color"], "cat"), "small slips are understood"
    assert understood("Is the cat happy?") is None


def test_answers_are_those_of_the_scene(scenes):
    seen = set()
    for scene in scenes:
        for number, thing in enumerate(scene.objects):
            said = {asked.kind: asked for asked in questions(scene, thing)}
            seen |= set(said)
            concept = BY_NAME[thing.concept]
            assert said["name"].short == phrase(thing.concept)
            assert said["kind"].short == phrase(concept.group)
            assert said["hidden"].short == ("yes" if thing.visible < 0.92 else "no")
            assert said["size"].short == thing.size_class.replace("xlarge", "very large")
            if "color" in said:
                assert said["color"].short == (thing.tint or concept.colour or "multicolored")
            if "count" in said:
                assert str(sum(other.concept == thing.concept for other in scene.objects)) in said["count"].accepted
            assert ("word" in said) == bool(thing.text)
            for predicate in ("left of", "above", "on", "inside", "next to"):
                near = {phrase(scene.objects[one.subject].concept) for one in scene.relations
                        if (one.predicate, one.object) == (predicate, number)}  # fmt: skip
                assert (predicate in said) == bool(near)
                assert not near or said[predicate].short in near
    assert seen == set(KINDS)


def test_short_answers_sentences_and_it_are_all_accepted(scenes):
    for scene in scenes[:20]:
        for thing in scene.objects:
            for asked in questions(scene, thing):
                assert {normalized(asked.short), normalized(asked.sentence)} <= asked.accepted
                assert asked.sentence[0].isupper()
                assert asked.sentence.endswith(".")
    mirror = next(
        (scene, thing) for index in range(400) for scene in [make_scene(8, index)] for thing in scene.objects
        if thing.concept == "mirror" and thing.tint == "red"
    )  # fmt: skip
    asked = answered(KINDS["color"], *mirror, "mirror")
    assert {"red", "it is red", "mirror is red", "mirror is mostly red"} <= asked.accepted
    assert "blue" not in asked.accepted


def test_a_thing_may_be_named_by_its_group(scenes):
    scene, thing = next(
        (scene, thing) for scene in scenes for thing in scene.objects if BY_NAME[thing.concept].group == "animal"
    )
    asked = answered(KINDS["count"], scene, thing, "animal")
    animals = sum("animal" in BY_NAME[other.concept].true_names for other in scene.objects)
    assert asked.question == "How many animals are there?"
    assert str(animals) in asked.accepted


def test_the_language_is_small_and_its_texts_hold_all_of_it(scenes):
    vocabulary = {word for text in all_texts() for word in words(text)}
    assert len(vocabulary) < 1500
    for scene in scenes:
        said = [scene_caption(scene)]
        for thing in scene.objects:
            said.append(region_caption(scene, thing))
            said += [
                text for asked in questions(scene, thing) for text in (asked.question, asked.short, asked.sentence)
            ]
        assert set().union(*map(words, said)) <= vocabulary


def test_captions_say_what_is_there(scenes):
    for scene in scenes[:20]:
        caption = scene_caption(scene)
        assert all(thing.concept in caption or plural(thing.concept) in caption for thing in scene.objects)
        for thing in scene.objects:
            region = region_caption(scene, thing)
            assert thing.concept in region
            assert thing.tint in region
            assert ("partly hidden" in region) == thing.hidden
            assert thing.text in region


def test_triples_carry_the_boxes_of_their_things(scenes):
    for scene in scenes[:10]:
        told = triples(scene)
        assert len(told) == len(scene.relations)
        for triple, relation in zip(told, scene.relations, strict=True):
            assert triple.subject_box == scene.objects[relation.subject].box
            assert triple.object == phrase(scene.objects[relation.object].concept)


def test_every_noun_can_be_asked_about():
    for noun in all_nouns():
        for kind in KINDS.values():
            found = understood(kind.ask(noun))
            assert found is not None
            assert found[0] is kind
    assert {concept.name for concept in CONCEPTS} <= set(all_nouns())


@pytest.mark.parametrize(
    ("kind", "tag", "question"),
    [
        ("color", "cat", "What color is the cat?"),
        ("hidden", "jeans", "Are the jeans partly hidden?"),
        ("count", "mouse", "How many mice are there?"),
        ("left of", "axe", "What is to the left of the axe?"),
        ("word", "text sign", "What does the text sign say?"),
    ],
)
def test_questions_agree_with_their_noun(kind, tag, question):
    assert KINDS[kind].ask(tag) == question
