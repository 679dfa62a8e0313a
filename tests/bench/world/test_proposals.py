import numpy as np
import pytest

from bench.world.overlaps import ious
from bench.world.proposals import CLOSEST, propose


def test_every_thing_is_proposed_closely_and_distractors_show_none(scenes):
    things = proposals = 0
    close = []
    for scene in scenes:
        truth = [thing.box for thing in scene.objects]
        best = np.array([ious(box, truth).max() for box in propose(scene, distractors=0.2)])
        assert (best >= CLOSEST - 0.01).sum() == len(truth)
        assert ((best < 0.5) | (best >= CLOSEST - 0.01)).all()
        things, proposals = things + len(truth), proposals + len(best)
        close += best[best > 0.5].tolist()
    assert 1 - things / proposals == pytest.approx(0.2, abs=0.03)
    assert 0.8 < np.mean(close) < 0.97
    assert min(close) < 0.8


def test_proposals_lie_in_the_picture_and_are_always_the_same(scenes):
    for scene in scenes[:20]:
        boxes = np.array(propose(scene))
        assert propose(scene) == [tuple(box) for box in boxes]
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= (scene.width, scene.height)).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_without_distractors_there_is_one_box_for_each_thing(scenes):
    assert all(len(propose(scene, distractors=0.0)) == len(scene.objects) for scene in scenes)


def test_iou():
    assert ious((0, 0, 10, 10), [(0, 0, 10, 10), (5, 0, 15, 10), (20, 20, 30, 30)]).tolist() == [
        1,
        pytest.approx(1 / 3),
        0,
    ]
