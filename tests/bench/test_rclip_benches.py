"""bench.rclip_step and bench.region_scoring with tiny towers: what they compare is comparable, and they print figures."""

import json
from types import ModuleType

import pytest
import torch

from bench import rclip_step, region_scoring
from bench.rclip_step import REGIONS, make_batch, make_model, open_clip_step
from bench.region_scoring import CropClip, make_photo
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor
from ml.rclip.sources import build_clip
from ml.rclip.training import RClipTask


@pytest.fixture(scope="module")
def model() -> RClip:
    return make_model("tiny")


def test_every_image_has_its_regions_and_there_is_one_text_an_image(model: RClip) -> None:
    batch = make_batch(model, RClipTask.for_model(model, {}), 5)
    assert batch["image_index"].tolist() == [image for image in range(5) for _ in range(REGIONS)]
    assert len(batch["tokens"]) == len(batch["related"].texts) == 5
    assert set(batch["related"].positive.tolist()) == set(batch["related"].texts.tolist())
    assert len(batch["related"].rejected) == 5 * REGIONS * 4


def test_both_steps_train_towers_of_one_kind(model: RClip) -> None:
    task = RClipTask.for_model(model, {})
    batch = make_batch(model, task, 4)
    assert isinstance(model.config.tower, dict)
    clip = build_clip(model.config.tower)
    assert {name: one.shape for name, one in clip.named_parameters()} == {
        name: one.shape for name, one in model.clip.named_parameters()
    }
    steps = [
        (rclip_step.rclip_step(model, task, batch), model),
        (open_clip_step(clip, model.preprocessing.normalised(batch["images"]), batch["tokens"]), clip),
    ]
    for step, network in steps:
        before = {name: one.detach().clone() for name, one in network.named_parameters()}
        step()
        moved = [name for name, one in network.named_parameters() if not one.equal(before[name])]
        assert any("visual.transformer" in name for name in moved)
        assert any("visual" not in name and "transformer" in name for name in moved)


def test_a_crop_is_scored_by_open_clips_own_image_embedding(model: RClip) -> None:
    predictor = RegionPredictor(model)
    photo, _ = make_photo(1)
    texts = predictor.embed_texts(["a", "b"])
    box = [10.0, 20.0, 74.0, 84.0]
    scores = CropClip(predictor).score(photo, [box], texts)
    crop = model.preprocessing.image(photo.crop((10, 20, 74, 84)))
    with torch.no_grad():
        expected = predictor.scale * model.clip.encode_image(crop[None], normalize=True) @ texts.T
    torch.testing.assert_close(scores, expected, atol=2e-3, rtol=0)


def test_boxes_lie_inside_the_photo() -> None:
    photo, boxes = make_photo(200)
    low, high = torch.tensor(boxes).split(2, dim=1)
    assert (low >= 0).all()
    assert (high <= torch.tensor(photo.size)).all()
    assert (high - low >= 11.9).all()


def test_the_step_bench_prints_its_figures_last(capsys: pytest.CaptureFixture[str]) -> None:
    rclip_step.main(["--tower", "tiny", "--batch", "3", "--rounds", "2", "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    figures = result["figures"]
    assert result["bench"] == "rclip_step"
    assert figures["images"] == figures["texts"] == 3
    assert figures["lowest_ratio"] <= figures["ratio_to_open_clip"] <= figures["highest_ratio"]
    assert figures["rclip_regions_per_s"] == pytest.approx(8 * figures["rclip_images_per_s"], rel=0.01)
    assert result["goals"] == {}  # a tiny tower has none


def test_the_scoring_bench_prints_its_figures_last(capsys: pytest.CaptureFixture[str]) -> None:
    region_scoring.main(["--tower", "tiny", "--boxes", "9", "--tags", "5", "--rounds", "1"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["bench"] == "region_scoring"
    assert result["figures"]["speedup_over_crops"] > 0
    assert (result["figures"]["boxes"], result["figures"]["tags"]) == (9, 5)


IMPOSSIBLE = [(["--rounds", "0"], "at least"), (["--tower", "ViT-no-such"], "ViT-no-such")]
if not torch.cuda.is_available():
    IMPOSSIBLE.append((["--device", "cuda"], "no CUDA device"))


@pytest.mark.parametrize("bench", [rclip_step, region_scoring])
@pytest.mark.parametrize(("words", "said"), IMPOSSIBLE)
def test_what_cannot_run_is_said(
    bench: ModuleType, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        bench.main(words)
    assert exit_.value.code == 2
    assert said in capsys.readouterr().err
