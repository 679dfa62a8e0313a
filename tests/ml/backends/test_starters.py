"""The backends of the starter checkpoints are those of any checkpoint, on crops where CLIP is."""

from pathlib import Path

import numpy as np

from ml.backends.asm.responder import ASMResponder
from ml.backends.asm.writer import ASMWriter
from ml.backends.builtin.starter_asm import StarterResponder, StarterWriter
from ml.backends.builtin.starter_clip import StarterClip
from ml.backends.rclip.matcher import RClipMatcher
from tests.ml.backends.learned import Question, tags
from tests.ml.backends.photos import drawn

BOXES = np.array([[10.0, 10, 100, 100], [150, 90, 300, 200]])


def test_starter_clip_is_clip_on_the_crop(rclip_folder: Path) -> None:
    arguments = [drawn(((10, 10, 100, 100), "red"))], [BOXES], [tags("cat", "dog")], [[[], []]]
    [starter] = StarterClip(rclip_folder).match(*arguments)
    [crops] = RClipMatcher(rclip_folder, view="crops").match(*arguments)
    [regions] = RClipMatcher(rclip_folder).match(*arguments)
    assert np.array_equal(starter.shared, crops.shared)
    assert not np.allclose(starter.shared, regions.shared, atol=1e-3)


def test_starter_asm_answers_and_writes(asm_folder: Path) -> None:
    prompts = [Question(drawn(), (0, 0, 50, 50), "cat", ("What is this?", "Where?", "How large?"))]
    answers = StarterResponder(asm_folder).answer(prompts)
    assert answers == ASMResponder(asm_folder).answer(prompts)
    assert StarterWriter(asm_folder).write(prompts, answers) == ASMWriter(asm_folder).write(prompts, answers)
