"""From records to batches, and a run of the trainer with a real R-CLIP."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.boxes import BoxError
from ml.checkpoint import load_model
from ml.data.manifests import Record
from ml.rclip.errors import RClipError
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor
from ml.rclip.training import RClipTask
from ml.region_texts import ContradictoryTags
from ml.train import main

from .records import COLOURS, SIZE, SLOTS, picture, record, samples, task_for
from .towers import RESNET, VIT, tiny_rclip, tokenizer_file, tower


@pytest.fixture
def model(tmp_path: Path) -> RClip:
    return tiny_rclip(tmp_path, VIT)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_record_becomes_the_networks_input(model: RClip) -> None:
    sample = task_for(model).transform(
        record([{"accepted": ["red"]}, {"rejected": ["blue"]}]), picture(["red", "green"]), generator()
    )
    assert sample.image.dtype == torch.uint8
    assert sample.image.shape == (3, 64, 64)
    expected = torch.tensor(SLOTS[:2]) * torch.tensor([64 / SIZE[0], 1.0, 64 / SIZE[0], 1.0])
    torch.testing.assert_close(sample.boxes, expected)
    assert [tags.positive for tags in sample.tags] == ["red", None]
    x1, y1, x2, y2 = (sample.boxes[0] + torch.tensor([3, 3, -3, -3])).long().tolist()
    assert sample.image[:, y1:y2, x1:x2].flatten(1).float().mean(1).tolist() == pytest.approx([255, 0, 0], abs=3)


def test_equal_generators_make_equal_samples(model: RClip) -> None:
    task = task_for(model, crop=1.0, flip=0.5, regions=2)
    given = record([{"accepted": list(COLOURS[:3]), "rejected": ["white"]}] * 3)
    made = [task.transform(given, picture(COLOURS[:3]), generator(seed)) for seed in (0, 0, 1)]
    assert torch.equal(made[0].image, made[1].image)
    assert torch.equal(made[0].boxes, made[1].boxes)
    assert made[0].tags == made[1].tags
    assert not torch.equal(made[0].image, made[2].image)


@pytest.mark.parametrize("seed", range(4))
def test_augmented_images_keep_every_box_on_its_object(model: RClip, seed: int) -> None:
    task = task_for(model, crop=1.0, flip=0.5)
    colours = ["red", "green", "blue"]
    sample = task.transform(record([{"accepted": [one]} for one in colours]), picture(colours), generator(seed))
    for box, rgb in zip(sample.boxes, [(255, 0, 0), (0, 128, 0), (0, 0, 255)], strict=True):
        x1, y1, x2, y2 = (box + torch.tensor([3, 3, -3, -3])).round().long().tolist()
        seen = sample.image[:, y1:y2, x1:x2].flatten(1).float()
        assert seen.mean(1).tolist() == pytest.approx(rgb, abs=4)
        assert (box >= 0).all()
        assert (box <= 64).all()


def test_only_so_many_regions_are_drawn_and_others_the_next_time(model: RClip) -> None:
    task = task_for(model, regions=1)
    given = record([{"accepted": [colour]} for colour in COLOURS[:3]])
    drawn = {task.transform(given, picture(COLOURS[:3]), generator(seed)).tags[0].positive for seed in range(20)}
    assert drawn == set(COLOURS[:3])


def test_weights_are_those_of_region_record_and_source(model: RClip) -> None:
    task = task_for(model, source_weights={"model": 0.25})
    given = [{"accepted": ["red"], "weight": 2.0}]
    human = task.transform(record(given, source="human", weight=3.0), picture(["red"]), generator())
    machine = task.transform(record(given, source="model", weight=3.0), picture(["red"]), generator())
    assert human.tags[0].weight == 6.0
    assert machine.tags[0].weight == 1.5


def test_a_batch_has_each_text_once_with_its_prompt(model: RClip) -> None:
    task = task_for(model, prompt="a {}")
    given = record([{"accepted": ["red"], "rejected": ["blue"]}, {"accepted": ["red"]}])
    batch = task.collate("align", [task.transform(given, picture(["red", "red"]), generator())] * 2)
    assert torch.equal(batch["tokens"], model.tokenize(["a red", "a blue"]))
    assert batch["image_index"].tolist() == [0, 0, 1, 1]
    assert batch["boxes"].shape == (4, 4)
    assert batch["counts"] == {"images": 2, "regions": 4, "texts": 2, "truncated_texts": 0}


def test_texts_longer_than_the_context_are_counted(model: RClip) -> None:
    given = record([{"accepted": ["two small houses " * 9]}, {"accepted": ["red"]}])
    task = task_for(model)
    batch = task.collate("align", [task.transform(given, picture(["red", "red"]), generator())])
    assert batch["counts"]["truncated_texts"] == 1


def test_task_and_samples_can_be_sent_to_data_workers(model: RClip) -> None:
    task = task_for(model, regions=2)
    again: RClipTask = pickle.loads(pickle.dumps(task))  # noqa: S301  (as a data loader does)
    one, other = (made.collate("align", samples(made, 3)) for made in (task, again))
    assert torch.equal(one["images"], other["images"])
    assert torch.equal(one["tokens"], other["tokens"])
    assert len(pickle.dumps(task)) < 200_000  # the network stays behind


def test_contradictory_tags_and_impossible_boxes_are_refused(model: RClip) -> None:
    task = task_for(model)
    both = record([{"accepted": ["Red"], "rejected": ["red"]}])
    with pytest.raises(ContradictoryTags, match="'red' is both accepted and rejected"):
        task.transform(both, picture(["red"]), generator())
    good = record([{"accepted": ["red"]}])
    for box in [(9.0, 9.0, 9.0, 20.0), (20.0, 9.0, 9.0, 20.0), (float("nan"), 1.0, 9.0, 9.0), (0.0, 0.0, 400.0, 9.0)]:
        bad = Record("align", "a.png", *SIZE, (box,), good.tags, (), 1.0, "human")
        with pytest.raises(BoxError, match="box 0"):
            task.transform(bad, picture(["red"]), generator())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"promt": "{}"}, "has no option 'promt'"),
        ({"prompt": "a photo"}, "prompt must hold {} once"),
        ({"regions": 0}, "regions must be at least 1"),
        ({"regions": "many"}, "wrong type"),
        ({"crop": 1.5}, "crop must be from 0 to 1"),
        ({"flip": -1}, "flip must be from 0 to 1"),
        ({"source_weights": {"model": -1}}, "model must be at least 0"),
        ({"source_weights": 3}, "wrong type"),
    ],
)
def test_options_that_make_no_sense_are_named(model: RClip, options: dict[str, object], words: str) -> None:
    with pytest.raises(RClipError, match=words):
        task_for(model, **options)


def test_the_trainer_teaches_an_rclip_to_name_squares(tmp_path: Path) -> None:
    lines = []
    for number, colour in enumerate(COLOURS[:4] * 2):
        other = COLOURS[(number + 1) % 4]
        picture([colour, other]).save(tmp_path / f"{number}.png")
        tags = [{"accepted": [colour], "rejected": [other]}, {"accepted": [other], "rejected": ["white"]}]
        boxes = [list(box) for box in SLOTS[:2]]
        line = {"image": f"{number}.png", "width": SIZE[0], "height": SIZE[1], "boxes": boxes, "tags": tags}
        lines.append(json.dumps({"task": "align", **line}))
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    model = {"kind": "rclip", "tower": tower(RESNET), "tokenizer": tokenizer_file(tmp_path), "roi_size": 4, "stage": 2}
    training = {"batch": {"align": 8}, "micro_batch": {"align": 4}, "steps": 40, "learning_rate": 0.004, "workers": 0}
    task = {"crop": 1.0, "negatives_without_accepted": True}
    (tmp_path / "config.yaml").write_text(json.dumps({"model": model, "training": {**training, "task": task}}))
    command = ["--config", tmp_path / "config.yaml", "--manifest", tmp_path / "train.jsonl", "--out", tmp_path / "run"]

    assert main([*map(str, command), "--device", "cpu"]) == 0

    trained = load_model(tmp_path / "run" / "final")
    assert isinstance(trained, RClip)
    predictor = RegionPredictor(trained)
    names = COLOURS[:4]
    for number, colour in enumerate(names):
        scores = predictor.score(predictor.encode(picture([colour, names[number - 1]])), SLOTS[:2], names)
        assert [names[best] for best in scores.argmax(1).tolist()] == [colour, names[number - 1]]
