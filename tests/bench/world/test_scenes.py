import json
from collections import Counter

import numpy as np
import pytest

from annotation.pipeline.cleaning import SizeClass, size_classes
from bench.world.backgrounds import FAMILIES
from bench.world.concepts import BY_NAME, SIGN
from bench.world.glyphs import stamp
from bench.world.layout import MIN_VISIBLE
from bench.world.scenes import Scene, make_scene, make_single
from bench.world.seeds import WorldError
from bench.world.wishes import ORIENTATIONS, SIGN_WORDS


def test_a_scene_is_always_the_same_and_no_other(scenes):
    assert make_scene(11, 4) == scenes[4]
    assert make_scene(12, 4) != scenes[4] != make_scene(11, 5)
    assert make_scene(11, 4, domain="holdout").objects != scenes[4].objects


def test_a_scene_survives_json(scenes):
    for scene in scenes[:10]:
        assert Scene.from_dict(json.loads(json.dumps(scene.to_dict()))) == scene


def test_every_scene_has_four_to_twelve_things(scenes):
    counts = Counter(len(scene.objects) for scene in scenes)
    assert min(counts) >= 4
    assert max(counts) <= 12
    assert len(counts) > 6


def test_boxes_and_visible_shares_are_those_of_the_visible_pixels(scenes):
    for scene in scenes[:15]:
        owner = np.full((scene.height, scene.width), -1)
        drawn = []
        for number, thing in enumerate(scene.objects):
            alpha = np.asarray(stamp(thing.look).getchannel("A")) >= 128
            x, y = thing.corner
            owner[y : y + alpha.shape[0], x : x + alpha.shape[1]][alpha] = number
            drawn.append(alpha.sum())
        for number, thing in enumerate(scene.objects):
            rows, columns = np.nonzero(owner == number)
            assert thing.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert thing.visible == pytest.approx(len(rows) / drawn[number], abs=1e-6)


def test_nothing_is_hidden_too_much_and_signs_not_at_all(scenes):
    things = [thing for scene in scenes for thing in scene.objects]
    assert min(thing.visible for thing in things) >= MIN_VISIBLE
    assert all(thing.visible == 1 for thing in things if thing.text)
    assert 0.03 < np.mean([thing.hidden for thing in things]) < 0.3


def test_all_sizes_appear_and_most_are_medium_or_large():
    things = [thing for index in range(250) for thing in make_scene(3, index).objects]
    sizes = Counter(thing.size_class for thing in things)
    assert set(sizes) == {size.name.lower() for size in SizeClass}
    assert sizes["medium"] + sizes["large"] > 0.5 * len(things)
    assert sizes["huge"] < 0.05 * len(things)
    boxes = np.array([thing.box for thing in things])
    assert [SizeClass(size).name.lower() for size in size_classes(boxes)] == [thing.size_class for thing in things]


def test_things_are_tinted_turned_grouped_and_signs_say_words(scenes):
    things = [thing for scene in scenes for thing in scene.objects]
    assert 0.2 < np.mean([bool(thing.tint) for thing in things]) < 0.4
    assert {thing.orientation for thing in things} == set(ORIENTATIONS)
    assert any(scene.count(thing.concept) >= 3 for scene in scenes for thing in scene.objects)
    words = [text for scene in scenes for text, _ in scene.texts]
    assert len(words) > 5
    assert set(words) <= set(SIGN_WORDS)
    assert all((thing.concept == SIGN.name) == bool(thing.text) for thing in things)


def test_nothing_is_changed_in_a_way_that_cannot_be_seen(scenes):
    for thing in (thing for scene in scenes for thing in scene.objects):
        unseen = BY_NAME[thing.concept].unseen
        assert thing.tint == "" or thing.tint != BY_NAME[thing.concept].colour
        assert thing.look.mirrored == (thing.orientation == "mirrored")
        assert not (thing.look.mirrored and "mirroring" in unseen)
        assert not (thing.look.angle and "turning" in unseen)


def test_a_tint_goes_before_the_natural_colour():
    scene = make_single("frog", 1, "starter")
    assert scene.objects[0].colour == "green"
    tinted = next(
        thing
        for index in range(300)
        for thing in make_scene(2, index).objects
        if thing.tint and thing.concept != "frog"
    )
    assert tinted.colour == tinted.tint


def test_backgrounds_come_from_the_families_of_the_domain():
    for domain, families in FAMILIES.items():
        seen = {make_single("cat", seed, domain, side=32).background.family for seed in range(40)}
        assert seen == set(families)


def test_a_single_thing_is_centred_upright_and_in_its_own_colours():
    for name in ("giraffe", "racing car", SIGN.name):
        scene = make_single(name, 4, "starter", side=96)
        (thing,) = scene.objects
        x1, y1, x2, y2 = thing.box
        assert (scene.width, scene.height) == (96, 96)
        assert abs((x1 + x2) / 2 - 48) < 8
        assert abs((y1 + y2) / 2 - 48) < 8
        assert (thing.concept, thing.tint, thing.orientation, thing.visible) == (name, "", "upright", 1.0)
    with pytest.raises(WorldError, match="no concept “dinosaur”"):
        make_single("dinosaur", 1, "starter")
