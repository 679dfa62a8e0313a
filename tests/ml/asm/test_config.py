"""A configuration survives JSON, and says which field is wrong."""

import json
from dataclasses import replace

import pytest

from ml.asm.config import ASMConfig, PromptConfig
from ml.asm.errors import ConfigError

from .models import small_config


@pytest.mark.parametrize("config", [ASMConfig.tiny(), ASMConfig.base(), ASMConfig.paper(), small_config()])
def test_it_comes_back_from_json_as_it_went(config: ASMConfig) -> None:
    assert ASMConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_it_says_of_what_kind_it_is() -> None:
    assert ASMConfig.tiny().to_dict()["kind"] == "asm"
    with pytest.raises(ConfigError, match="'rclip'"):
        ASMConfig.from_dict({**ASMConfig.tiny().to_dict(), "kind": "rclip"})


def test_an_unknown_field_is_named_with_its_place() -> None:
    values = ASMConfig.tiny().to_dict()
    values["qformer"]["query_count"] = 8
    with pytest.raises(ConfigError, match=r"asm\.qformer has no field 'query_count'"):
        ASMConfig.from_dict(values)


def test_a_missing_part_is_named() -> None:
    values = ASMConfig.tiny().to_dict()
    del values["language"]
    with pytest.raises(ConfigError, match="language"):
        ASMConfig.from_dict(values)


def test_a_part_that_is_no_object_is_named() -> None:
    with pytest.raises(ConfigError, match=r"asm\.tower must be an object"):
        ASMConfig.from_dict({**ASMConfig.tiny().to_dict(), "tower": "ViT-L-14"})


def test_a_wording_without_a_place_for_the_tag_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"prompts\.text"):
        small_config(prompts=PromptConfig(text="A photo."))


def test_adapters_without_targets_are_refused() -> None:
    tower = small_config().tower
    with pytest.raises(ConfigError, match=r"tower\.lora\.targets"):
        small_config(tower=replace(tower, lora=replace(tower.lora, targets=())))


def test_base_weights_that_are_not_stored_must_be_somewhere() -> None:
    with pytest.raises(ConfigError, match=r"tower\.weights"):
        small_config(stores_base=False)


def test_a_region_part_needs_a_tower_that_has_one() -> None:
    with pytest.raises(ConfigError, match="region_part"):
        small_config(tower=replace(small_config().tower, region_part=True))
