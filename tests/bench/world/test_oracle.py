import re
from pathlib import Path

import pytest

from bench.world.language import questions
from bench.world.oracle import AnswerVerdict, Oracle
from bench.world.proposals import propose
from bench.world.scenes import make_scene
from bench.world.seeds import WorldError

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def oracle(scenes):
    return Oracle(scenes)


@pytest.fixture(scope="module")
def lone(scenes):
    """A scene, and a thing in it that is the only one of its kind and has nothing next to it."""
    for scene in scenes:
        for number, thing in enumerate(scene.objects):
            near = [one for one in scene.relations if one.object == number and one.predicate == "next to"]
            if scene.count(thing.concept) == 1 and not near and thing.colour and not thing.text:
                return scene, thing
    raise AssertionError


def test_it_reads_the_folder_that_was_written(world):
    oracle = Oracle.of_folder(world[1])
    assert oracle.images == tuple(make_scene(5, index).file_name for index in range(12))
    assert oracle.scene(oracle.images[3]) == make_scene(5, 3)


def test_a_box_means_the_thing_that_it_overlaps_most(oracle, scenes):
    for scene in scenes[:20]:
        for thing in scene.objects:
            assert oracle.region(scene.file_name, thing.box).thing == thing
        meant = [oracle.region(scene.file_name, box) for box in propose(scene, distractors=0.3)]
        assert sorted(region.thing.box for region in meant if region) == sorted(thing.box for thing in scene.objects)
        assert None in meant


def test_tags_are_right_by_name_other_name_and_group(oracle, scenes):
    scene, thing = next((scene, thing) for scene in scenes for thing in scene.objects if thing.concept == "bus")
    tags = ["bus", "Bus", "the bus", "vehicle", "car", "buses", "animal"]
    assert oracle.judge_tags(scene.file_name, thing.box, tags) == [True, True, True, True, False, False, False]
    assert oracle.judge_tags(scene.file_name, (0, 0, 1, 1), ["bus", "animal"]) == [False, False]


def test_true_answers_are_correct_and_others_wrong(oracle, scenes):
    for scene in scenes[:15]:
        for thing in scene.objects:
            for asked in questions(scene, thing):
                about = (scene.file_name, thing.box, asked.question)
                assert oracle.judge_answer(*about, asked.short, thing.concept) is AnswerVerdict.CORRECT
                assert oracle.judge_answer(*about, asked.sentence, thing.concept) is AnswerVerdict.CORRECT
                assert oracle.judge_answer(*about, "seventeen", thing.concept) is AnswerVerdict.WRONG_ANSWER
                assert oracle.right_answer(*about, thing.concept) == asked.sentence


def test_a_wrong_tag_goes_before_everything_else(oracle, lone):
    scene, thing = lone
    other = "cat" if thing.concept != "cat" else "dog"
    judge = oracle.judge_answer
    wrong = AnswerVerdict.WRONG_TAG
    assert judge(scene.file_name, thing.box, f"What color is the {other}?", thing.colour, other) is wrong
    assert judge(scene.file_name, thing.box, f"What color is the {other}?", thing.colour, thing.concept) is wrong
    assert judge(scene.file_name, (0, 0, 2, 2), "What is this?", "a cat", "cat") is wrong


def test_what_nothing_true_answers_is_unanswerable(oracle, lone):
    scene, thing = lone
    for question in ("What is next to the {}?", "What does the {} say?", "Is the {} happy?"):
        about = (scene.file_name, thing.box, question.format(thing.concept))
        assert oracle.judge_answer(*about, "a cat", thing.concept) is AnswerVerdict.UNANSWERABLE
        with pytest.raises(WorldError, match="has no answer"):
            oracle.right_answer(*about, thing.concept)


def test_what_it_does_not_know_is_refused_by_name(oracle, tmp_path):
    with pytest.raises(WorldError, match=re.escape("no picture “moon.jpg”")):
        oracle.scene("moon.jpg")
    with pytest.raises(WorldError, match="no truth in"):
        Oracle.of_folder(tmp_path)


def test_the_application_knows_nothing_of_the_world():
    for package in ("webapp", "annotation", "verification", "workers", "ml"):
        for path in (REPOSITORY / package).rglob("*.py"):
            assert not re.search(
                r"^\s*(?:from|import) bench\b|scenes\.jsonl", path.read_text(encoding="utf-8"), re.M
            ), path


def test_only_the_oracle_reads_the_truth():
    for path in (REPOSITORY / "bench").rglob("*.py"):
        names_it = "scenes.jsonl" in path.read_text(encoding="utf-8")
        assert names_it == (path.name in {"oracle.py", "coco.py"} and path.parent.name == "world"), path
