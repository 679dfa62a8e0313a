"""Records become batches, and an ASM learns from them, alone and under the trainer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from ml.asm.config import ASMConfig
from ml.asm.errors import ConfigError, PromptTooLongError
from ml.asm.predictor import ASMPredictor
from ml.asm.prompts import Slot
from ml.asm.training import ASMTask
from ml.checkpoint import load_model
from ml.data.manifests import Message, Record
from ml.train import main
from ml.training.tasks import ContrastiveObjective, SeparableObjective

from .models import LLAMA, QFORMER, small_asm, small_config
from .records import SIZE, align, generate, photo


def task_of(**options: Any) -> ASMTask:
    return ASMTask.for_model(small_asm(), options)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_it_trains_alignment_and_generation() -> None:
    objectives = task_of().objectives
    assert isinstance(objectives["align"], ContrastiveObjective)
    assert isinstance(objectives["generate"], SeparableObjective)
    assert set(objectives) == {"align", "generate"}


def test_boxes_follow_the_image_to_the_networks_input() -> None:
    sample = task_of().transform(align(["cat"]), photo(0), random())
    assert sample.image.shape == (3, 42, 56)
    assert sample.image.dtype == torch.uint8
    assert torch.allclose(sample.boxes, torch.tensor([[0.0, 2 * 42 / 48, 30 * 56 / 64, 40 * 42 / 48]]))


def test_one_accepted_tag_is_drawn_and_the_draw_is_seeded() -> None:
    record = align(["cat", "pet", "animal"], ["dog"])
    task = task_of()
    drawn = {task.transform(record, photo(0), random(seed)).tags[0].positive for seed in range(20)}
    assert drawn == {"cat", "pet", "animal"}
    first, second = (task.transform(record, photo(0), random(3)).tags for _ in range(2))
    assert first == second


def test_at_most_so_many_regions_are_taken_as_asked() -> None:
    record = align(["cat"], [], ["dog"], ["ox"], ["ant"])
    task = task_of(regions=2)
    samples = [task.transform(record, photo(0), random(seed)) for seed in range(10)]
    assert {len(sample.boxes) for sample in samples} == {len(sample.tags) for sample in samples} == {2}
    assert len({sample.tags for sample in samples}) > 2
    batch = task.collate("align", samples[:3])
    assert batch["image_index"].tolist() == [0, 0, 1, 1, 2, 2]


def test_unique_texts_become_rows_and_are_counted() -> None:
    task = task_of()
    samples = [task.transform(one, photo(0), random()) for one in (align(["cat"], ["dog"]), align(["dog"]))]
    batch = task.collate("align", samples)
    assert batch["rows"]["codes"].shape[0] == 2
    assert batch["counts"] == {"images": 2, "regions": 2, "texts": 2, "truncated_texts": 0}
    long = task.collate("align", [task.transform(align(["x" * 400]), photo(0), random())])
    assert long["counts"]["truncated_texts"] == 1
    assert long["rows"]["codes"].shape == (1, 128)


def test_a_region_that_accepts_nothing_needs_no_text() -> None:
    task = task_of()
    batch = task.collate("align", [task.transform(align([], ["cat"]), photo(0), random())])
    assert batch["rows"] == {}
    assert batch["counts"]["texts"] == 0


def test_a_conversation_becomes_a_row_with_as_many_image_tokens_as_its_regions_have() -> None:
    task = task_of()
    two = generate("Which?", "Both.", "Why?", "No.", system="Be brief.", boxes=[(0, 0, 20, 20), (30, 0, 60, 48)])
    batch = task.collate(
        "generate", [task.transform(one, photo(0), random()) for one in (two, generate("Why?", "No."))]
    )
    image_slots = (batch["rows"]["codes"] == Slot.IMAGE).sum(1).tolist()
    assert image_slots == [14, 7]
    assert batch["image_index"].tolist() == [0, 0, 1]
    assert len(batch["weights"]) == int(batch["rows"]["learned"].sum()) == batch["counts"]["answer_tokens"]


def test_a_conversation_longer_than_the_context_is_a_bad_line() -> None:
    with pytest.raises(PromptTooLongError, match="context of 128"):
        task_of().transform(generate("Why?", "word " * 40), photo(0), random())


@pytest.mark.parametrize(("options", "named"), [({"region": 3}, "'region'"), ({"regions": 0}, "regions")])
def test_an_impossible_option_is_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        task_of(**options)


def test_what_learns_is_what_the_configuration_lets_learn() -> None:
    model = small_asm()
    names = [name for name, _ in task_of().trainable(model)]
    assert names == [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert any("lora_" in name for name in names)
    assert "llm.model.embed_tokens.weight" not in names


def learning_config() -> ASMConfig:
    """Large enough to learn a few photos by heart in seconds."""
    values = small_config().to_dict()
    values["tower"]["train"] = values["language"]["train"] = "full"
    values["language"]["architecture"] = {**LLAMA, "hidden_size": 64, "initializer_range": 0.05}
    values["qformer"]["architecture"] = {**QFORMER, "num_hidden_layers": 2}
    return ASMConfig.from_dict(values)


COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 50, 220)}


def write_manifest(folder: Path) -> Path:
    """Photos of two coloured halves; tags and answers name the colour of a half."""
    lines = []
    pairs = [(left, right) for left in COLOURS for right in COLOURS if left != right]
    for number, (left, right) in enumerate(pairs):
        image = Image.new("RGB", SIZE, COLOURS[left])
        image.paste(COLOURS[right], (32, 0, 64, 48))
        image.save(folder / f"{number}.png")
        about = {"image": f"{number}.png", "width": 64, "height": 48}
        boxes = [[0, 0, 32, 48], [32, 0, 64, 48]]
        tags = [{"accepted": [left], "rejected": [right]}, {"accepted": [right], "rejected": [left]}]
        lines.append({"task": "align", **about, "boxes": boxes, "tags": tags})
        for box, colour in zip(boxes, (left, right), strict=True):
            messages = [
                {"role": "user", "content": "What colour?"},
                {"role": "assistant", "content": f"It is {colour}."},
            ]
            lines.append({"task": "generate", **about, "boxes": [box], "messages": messages})
    manifest = folder / "train.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return manifest


def test_the_trainer_teaches_it_to_name_the_regions_of_a_photo(tmp_path: Path) -> None:
    config = {
        "model": learning_config().to_dict(),
        "training": {
            "steps": 60,
            "batch": {"align": 6, "generate": 6},
            "micro_batch": {"align": 3, "generate": 6},
            "learning_rate": 0.006,
            "clip_norm": 1.0,
            "workers": 0,
            "checkpoint_every": 1000,
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    manifest = write_manifest(tmp_path)
    order = ["--config", str(tmp_path / "config.yaml"), "--manifest", str(manifest), "--out", str(tmp_path / "run")]
    assert main([*order, "--device", "cpu"]) == 0
    [folder] = sorted(path.parent for path in (tmp_path / "run").rglob("provenance.json"))[-1:]
    predictor = ASMPredictor(load_model(folder))  # type: ignore[arg-type]
    photo_ = Image.open(tmp_path / "3.png")  # green and blue
    left, right = (0.0, 0.0, 32.0, 48.0), (32.0, 0.0, 64.0, 48.0)
    answers = predictor.answer([photo_] * 2, [left, right], ["What colour?"] * 2)
    assert answers == ["It is green.", "It is blue."]
    ranking = predictor.rank(photo_, [left, right], list(COLOURS)).argmax(1).tolist()
    assert [list(COLOURS)[index] for index in ranking] == ["green", "blue"]


def test_a_record_of_messages_alone_is_about_the_whole_image() -> None:
    record = Record(
        "generate",
        "1.jpg",
        *SIZE,
        ((0, 0, 64, 48),),
        (),
        (Message("user", "?"), Message("assistant", "!")),
        1.0,
        "model",
    )
    sample = task_of().transform(record, photo(0), random())
    assert sample.boxes.tolist() == [[0, 0, 56, 42]]
