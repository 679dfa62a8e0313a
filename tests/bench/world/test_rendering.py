import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.world.colours import COLOURS, TINTS, tinted
from bench.world.concepts import GLYPHS
from bench.world.glyphs import Look, glyph, stamp
from bench.world.rendering import jpeg, render, render_single
from bench.world.scenes import make_scene

REPOSITORY = Path(__file__).parents[3]
DIGESTS = """
import hashlib
from bench.world.rendering import jpeg, render, render_single
from bench.world.scenes import make_scene
for index in range(4):
    print(hashlib.sha256(jpeg(render(make_scene(7, index)))).hexdigest())
print(hashlib.sha256(render_single("anchor", 3, "starter").tobytes()).hexdigest())
"""


def test_two_processes_draw_the_same_bytes():
    outputs = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    mine = [hashlib.sha256(jpeg(render(make_scene(7, index)))).hexdigest() for index in range(4)]
    assert outputs[0] == outputs[1]
    assert outputs[0].split()[:4] == mine
    assert len(set(outputs[0].split())) == 5


def test_what_is_drawn_lies_where_the_truth_says(scenes):
    """Without its front thing a picture differs within that thing's box, but for the soft edge around it."""
    seen = 0
    for scene in scenes[:6]:
        without = render(replace(scene, objects=scene.objects[:-1]))
        changed = np.abs(np.asarray(render(scene), np.int16) - np.asarray(without, np.int16)).max(axis=2) > 100
        if changed.any():  # else it has the colour of what is behind it
            rows, columns = np.nonzero(changed)
            x1, y1, x2, y2 = scene.objects[-1].box
            assert x1 - 1 <= columns.min() <= columns.max() <= x2
            assert y1 - 1 <= rows.min() <= rows.max() <= y2
            seen += 1
    assert seen >= 4


def test_a_picture_has_its_size_and_full_colour_resolution(scenes):
    picture = render(scenes[0])
    assert (picture.mode, picture.size) == ("RGB", (640, 512))
    assert render_single("cat", 1, "holdout", side=80).size == (80, 80)
    file = jpeg(picture)
    marker = file.index(b"\xff\xc0")
    assert file[marker + 11] == 0x11, "no chroma subsampling"


@pytest.mark.parametrize("tint", TINTS)
def test_a_tinted_thing_is_nearest_to_its_own_colour(tint):
    wanted = np.array([COLOURS[name] for name in TINTS], np.float32)
    right = 0
    for concept in GLYPHS[::6]:
        pixels = np.asarray(tinted(glyph(concept.name), tint)).reshape(-1, 4).astype(np.float32)
        middle = np.median(pixels[pixels[:, 3] > 200, :3], axis=0)
        right += TINTS[int(np.square(wanted - middle).sum(axis=1).argmin())] == tint
    assert right >= 0.9 * len(GLYPHS[::6])


def test_edges_keep_the_colour_of_the_thing():
    """The half transparent pixels of a white thing are no darker than their white: no fringe."""
    pixels = np.asarray(glyph("envelope")).reshape(-1, 4)
    edge = pixels[(pixels[:, 3] > 20) & (pixels[:, 3] < 200)]
    inner = pixels[pixels[:, 3] == 255]
    assert np.median(edge[:, :3].max(axis=1)) >= np.percentile(inner[:, :3].max(axis=1), 20) - 40


def test_a_turned_thing_keeps_its_size_and_a_mirrored_one_its_outline():
    upright, mirrored = (stamp(Look("giraffe", 60, 80, mirrored=flag)) for flag in (False, True))
    assert upright.size == mirrored.size
    assert np.array_equal(np.asarray(upright), np.asarray(mirrored.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    turned = stamp(Look("giraffe", 60, 80, angle=180.0))
    assert abs(turned.width - upright.width) <= 1


def test_a_sign_shows_its_word():
    blank, written = (np.asarray(stamp(Look("text sign", 120, 40, text=text))) for text in ("I", "WELCOME"))
    dark = [(picture[8:-8, 8:-8, :3].sum(axis=2) < 300).mean() for picture in (blank, written)]
    assert 0 < dark[0] < dark[1] < 0.5
