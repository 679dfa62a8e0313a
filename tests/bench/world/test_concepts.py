from itertools import pairwise

import numpy as np
from PIL import Image

from bench.world.concepts import BY_NAME, CONCEPTS, GLYPHS, SIGN, rare_third
from bench.world.glyphs import glyph


def test_there_are_more_than_three_hundred_with_names_and_characters_of_their_own():
    assert len(GLYPHS) >= 300
    assert len({concept.name for concept in CONCEPTS}) == len(CONCEPTS)
    assert len({concept.character for concept in GLYPHS}) == len(GLYPHS)
    assert all(len(concept.character) == 1 for concept in GLYPHS)


def test_a_name_is_no_true_name_of_anything_else():
    for concept in CONCEPTS:
        for name in concept.true_names - {concept.name}:
            assert name not in BY_NAME, f"{name} is right for {concept.name} too"


def test_every_glyph_is_drawn_and_no_two_look_alike():
    small = {}
    for concept in GLYPHS:
        picture = glyph(concept.name)
        canvas = Image.new("RGBA", (136, 136), (128, 128, 128, 255))
        canvas.alpha_composite(picture, ((136 - picture.width) // 2, (136 - picture.height) // 2))
        small[concept.name] = np.asarray(canvas.convert("RGB").resize((24, 24), Image.Resampling.BOX), np.float32)
    names, stack = list(small), np.stack(list(small.values())).reshape(len(small), -1)
    for place, name in enumerate(names[:-1]):
        differences = np.abs(stack[place + 1 :] - stack[place]).mean(axis=1)
        nearest = int(differences.argmin())
        assert differences[nearest] > 4, f"{name} looks like {names[place + 1 + nearest]}"


def test_changes_that_are_said_to_be_seen_are_seen():
    for concept in GLYPHS:
        picture = np.asarray(glyph(concept.name).resize((48, 48)), np.float32)
        mirrored, turned = np.abs(picture - picture[:, ::-1]).mean(), np.abs(picture - picture[::-1, ::-1]).mean()
        assert "mirroring" in concept.unseen or mirrored > 12, concept.name
        assert "turning" in concept.unseen or turned > 6, concept.name


def test_frequencies_have_a_long_tail():
    weights = sorted((concept.weight for concept in GLYPHS), reverse=True)
    assert abs(sum(weights) - 1) < 1e-9
    assert weights[0] > 60 * weights[-1]
    assert all(first > second for first, second in pairwise(weights))
    rare = sum(BY_NAME[name].weight for name in rare_third())
    assert len(rare_third()) == len(GLYPHS) // 3
    assert 0.04 < rare < 0.12
    assert weights[-1] * 2000 * 7 > 5, "even the rarest appears in 2,000 scenes"


def test_a_group_and_a_wider_group_are_true_names():
    assert BY_NAME["owl"].true_names == {"owl", "bird", "animal"}
    assert BY_NAME["car"].true_names == {"car", "automobile", "vehicle"}
    assert SIGN.true_names == {"text sign", "board", "sign"}
