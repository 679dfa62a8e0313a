"""Role bits are written into rows that live for years."""

import pytest

from annotation.pipeline.roles import Role, mask_of, names_of


def test_the_bits_never_change() -> None:
    assert {role.name: int(role) for role in Role} == {
        "SPOTTER": 1,
        "OCR": 2,
        "IMAGINATOR": 4,
        "SPLITTER": 8,
        "MAGNIFIER": 16,
        "CLASS_AGNOSTIC": 32,
        "DETECTOR": 64,
        "GROUNDING": 128,
        "IMPORTED": 256,
        "HUMAN": 512,
    }


def test_every_mask_fits_a_signed_integer_column() -> None:
    assert sum(Role) < 2**31


def test_names_and_masks_are_inverse() -> None:
    mask = Role.SPOTTER | Role.IMPORTED | Role.HUMAN
    assert names_of(mask) == ("spotter", "imported", "human")
    assert mask_of(names_of(mask)) == mask


def test_a_bit_of_a_newer_version_is_left_out() -> None:
    assert names_of(1 << 20 | 1) == ("spotter",)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known: spotter"):
        mask_of(["spoter"])
