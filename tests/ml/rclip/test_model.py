from pathlib import Path

import pytest
import torch

from ml.boxes import whole_image
from ml.checkpoint import CheckpointError, load_model, save_model
from ml.rclip.config import RClipConfig
from ml.rclip.errors import RClipError
from ml.rclip.model import RClip, build_rclip

from .towers import RESNET, VIT, timm_vision, tiny_rclip, tokenizer_file, tower

IMAGES = torch.randn(3, 3, 64, 96, generator=torch.Generator().manual_seed(7))
BOXES = torch.tensor([[0.0, 0, 20, 20], [30, 10, 90, 60], [0, 0, 96, 64], [5, 50, 11, 57]])
INDEX = torch.tensor([2, 0, 1, 0])
SIZE = (64, 96)


@pytest.fixture
def model(tmp_path: Path) -> RClip:
    return tiny_rclip(tmp_path, VIT)


def regions_of(model: RClip, chosen: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model.encode_regions(model.encode_images(IMAGES), BOXES[chosen], INDEX[chosen], SIZE)


@pytest.mark.parametrize("vision", [VIT, RESNET], ids=["vit", "resnet"])
def test_the_order_and_company_of_regions_changes_nothing(tmp_path: Path, vision: dict[str, object]) -> None:
    model = tiny_rclip(tmp_path, vision)
    together = regions_of(model, torch.arange(4))
    shuffled = torch.tensor([3, 0, 2, 1])
    torch.testing.assert_close(regions_of(model, shuffled), together[shuffled])
    torch.testing.assert_close(torch.cat([regions_of(model, torch.tensor([i])) for i in range(4)]), together)
    assert regions_of(model, torch.zeros(0, dtype=torch.long)).shape == (0, 24)


def test_regions_differ_by_place_and_by_image(model: RClip) -> None:
    vectors = regions_of(model, torch.arange(4))
    assert ((vectors @ vectors.T).fill_diagonal_(0) < 0.9999).all()


def test_a_region_knows_its_surroundings(model: RClip) -> None:
    """Unlike a crop: what is seen beside the box changes its embedding."""
    changed = IMAGES.clone()
    changed[:, :, :, 48:] = 0
    box, index = torch.tensor([[0.0, 0, 24, 24]]), torch.tensor([0])
    with torch.no_grad():
        before = model.encode_regions(model.encode_images(IMAGES), box, index, SIZE)
        after = model.encode_regions(model.encode_images(changed), box, index, SIZE)
    assert not torch.allclose(before, after, atol=1e-4)


def test_texts_are_embedded_as_open_clip_does_it(model: RClip) -> None:
    ids = model.tokenize(["a cat", "two small houses"])
    with torch.no_grad():
        assert torch.equal(model.encode_texts(ids), model.clip.encode_text(ids, normalize=True))
        assert model.encode_texts(ids).norm(dim=1).tolist() == pytest.approx([1, 1])


def test_everything_learns(tmp_path: Path) -> None:
    """Every parameter of a convolutional tower and of the text tower gets a gradient."""
    model = tiny_rclip(tmp_path, RESNET, stage=2, roi_size=4).train()
    regions = model.encode_regions(model.encode_images(IMAGES), BOXES, INDEX, SIZE)
    texts = model.encode_texts(model.tokenize(["a cat", "a dog", "two houses"]))
    (model.logit_scale.exp() * regions @ texts.T).logsumexp(1).sum().backward()
    idle = {name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()}
    assert idle <= {"clip.visual.attnpool.k_proj.bias"}, "a softmax does not see what all keys have in common"


def test_an_input_that_does_not_fit_the_stride_is_refused(model: RClip, tmp_path: Path) -> None:
    with pytest.raises(RClipError, match="60 x 64 px is not a multiple of the stride, 8"):
        model.encode_images(torch.zeros(1, 3, 60, 64))
    with pytest.raises(RClipError, match=r"image_size \(60, 64\) must be multiples"):
        tiny_rclip(tmp_path, VIT, image_size=(60, 64))


def test_a_bare_name_is_no_model(model: RClip) -> None:
    with pytest.raises(RClipError, match="build the model with build_rclip"):
        RClip(RClipConfig("ViT-B-16"), model.tokenizer, model.clip)


@pytest.mark.parametrize(
    ("vision", "stage"), [(VIT, None), (RESNET, 2), (timm_vision("test_vit"), None)], ids=["vit", "resnet", "timm"]
)
def test_a_checkpoint_gives_the_same_model_without_the_files_it_was_made_of(
    tmp_path: Path, vision: dict[str, object], stage: int | None
) -> None:
    model = tiny_rclip(tmp_path, vision, stage=stage, image_size=(64, 96))
    save_model(tmp_path / "saved", model, {"step": 3})
    (tmp_path / "words.json").unlink()
    again = load_model(tmp_path / "saved")
    assert isinstance(again, RClip)
    assert again.config == model.config
    assert torch.equal(regions_of(again, torch.arange(4)), regions_of(model, torch.arange(4)))
    assert torch.equal(again.tokenize(["a red fox"]), model.tokenize(["a red fox"]))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tokenizer": "../words.json"}, "tokenizer must be 'tokenizer.json' or 'tokenizer' in a checkpoint"),
        ({"tower": "ViT-B-32"}, "tower must be a whole configuration in a checkpoint"),
        ({"tower": tower(timm_vision("hf-hub:someone/tower"))}, "must be a name of timm, not a place"),
    ],
)
def test_a_checkpoint_cannot_send_its_reader_elsewhere(tmp_path: Path, changes: dict[str, object], what: str) -> None:
    save_model(tmp_path / "saved", tiny_rclip(tmp_path, VIT), {})
    with pytest.raises(CheckpointError, match=what):
        load_model(tmp_path / "saved", overrides=changes)


def test_a_checkpoint_with_open_clips_tokenizer_has_no_tokenizer_file(tmp_path: Path) -> None:
    wide = {**tower(VIT), "text_cfg": {**tower(VIT)["text_cfg"], "vocab_size": 49408, "width": 16, "heads": 1}}
    model = build_rclip(RClipConfig(wide))
    save_model(tmp_path / "saved", model, {})
    assert not list((tmp_path / "saved").glob("tokenizer*"))
    again = load_model(tmp_path / "saved")
    assert isinstance(again, RClip)
    assert torch.equal(again.tokenize(["a red fox"]), model.tokenize(["a red fox"]))


def test_a_vocabulary_that_is_too_small_for_open_clips_tokenizer_is_refused() -> None:
    with pytest.raises(RClipError, match="open_clip's tokenizer has 49408 ids, the text tower 320"):
        build_rclip(RClipConfig(tower(VIT)))


def test_a_model_made_of_a_checkpoints_configuration_is_of_the_same_shape(tmp_path: Path) -> None:
    model = tiny_rclip(tmp_path, VIT)
    config = RClipConfig.from_dict({**model.config.to_dict(), "tokenizer": tokenizer_file(tmp_path)})
    shapes = {name: value.shape for name, value in build_rclip(config).state_dict().items()}
    assert shapes == {name: value.shape for name, value in model.state_dict().items()}


def test_the_whole_image_is_a_box_in_the_original_too(model: RClip) -> None:
    placed = model.preprocessing.boxes(whole_image(640, 480), (640, 480))
    assert placed.tolist() == [[0, 0, 64, 64]]
