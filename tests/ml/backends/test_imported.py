"""`import:` backends give on what was imported."""

import numpy as np

from ml.backends.imported.boxes import ImportedBoxes
from ml.backends.imported.captions import ImportedCaptions
from ml.backends.values import Proposals
from tests.ml.backends.photos import captioned


def test_imported_boxes_come_back_as_they_are() -> None:
    boxes = Proposals(np.array([[0.0, 0, 4, 4]]), np.ones(1), [("cup",)], ["7"])
    with_boxes, without = captioned(), captioned()
    with_boxes.imported = boxes
    found = ImportedBoxes().localize([with_boxes, without], [[], []])
    assert found[0] is boxes
    assert found[1].boxes.shape == (0, 4)


def test_the_first_caption_stands_for_the_photo() -> None:
    spottings = ImportedCaptions().spot([captioned("One.", "Two."), captioned()])
    assert [(spotting.caption, spotting.tags) for spotting in spottings] == [("One.", ()), ("", ())]
