"""Image-level candidates carry the roles that proposed them."""

from annotation.pipeline.batches import Failure
from annotation.pipeline.ports import Candidate
from annotation.pipeline.roles import Role
from annotation.pipeline.tags import admit, tag_images
from tests.annotation.pipeline.backends import Fake, Spotting, backends, photo, proposals

PARTS = {"cup": ["handle", "rim"], "broken": [""]}


def whole() -> Fake:
    return Fake(split=lambda tags: [PARTS.get(tag, []) for tag in tags])


def test_all_roles_add_to_one_list() -> None:
    image = photo(1, "cup", "table", imported=proposals([0, 0, 9, 9], tags=[["Cup"]]), imported_tags=["kitchen"])
    roster = backends(
        splitter=whole(),
        imaginator=Fake(imagine=lambda captions, tags: [["saucer", "rim"]]),
        ocr=Fake(read=lambda images: [["OPEN"]]),
    )
    [tags] = tag_images([image], roster)
    assert not isinstance(tags, Failure)
    assert tags.caption == "cup table"
    assert {c.text: (c.roles, c.rank, c.parent) for c in tags.candidates} == {
        "cup": (Role.SPOTTER | Role.IMPORTED, 0, None),
        "table": (Role.SPOTTER, 1, None),
        "kitchen": (Role.IMPORTED, 0, None),
        "OPEN": (Role.OCR, 0, None),
        "handle": (Role.SPLITTER, 0, "cup"),
        "rim": (Role.SPLITTER | Role.IMAGINATOR, 1, None),
        "saucer": (Role.IMAGINATOR, 0, None),
    }


def test_roles_that_the_roster_leaves_out_are_not_missed() -> None:
    [tags] = tag_images([photo(1)], backends())
    assert not isinstance(tags, Failure)
    assert tags.candidates == ()


def test_a_tag_of_many_photos_is_split_once() -> None:
    splitter = Fake(split=lambda tags: [[] for _ in tags])
    tag_images([photo(number, "cup") for number in range(5)], backends(splitter=splitter))
    assert splitter.calls == ["split"]


def test_photos_with_a_tag_that_breaks_the_splitter_fail_alone() -> None:
    results = tag_images([photo(1, "cup"), photo(2, "broken"), photo(3, "cup")], backends(splitter=whole()))
    assert [isinstance(result, Failure) for result in results] == [False, True, False]
    assert "splitter test:splitter: tag 0: the tag is empty" in str(results[1])


def test_a_photo_that_breaks_the_spotter_fails_alone() -> None:
    def spot(images: list) -> list[Spotting]:
        return [Spotting("", ["x"] if image.image_id != 2 else [""]) for image in images]

    results = tag_images([photo(1), photo(2), photo(3)], backends(spotter=Fake(spot=spot)))
    assert [isinstance(result, Failure) for result in results] == [False, True, False]


def test_an_imported_tag_that_is_too_long_fails_its_photo_with_the_import_as_reason() -> None:
    [failure] = tag_images([photo(1, imported_tags=["x" * 200])], backends())
    assert "imported import:tags: tag 0" in str(failure)


def test_the_list_is_cut_where_the_roster_says() -> None:
    [tags] = tag_images([photo(1, *"abcdef")], backends(), max_tags=3)
    assert not isinstance(tags, Failure)
    assert tags.texts == ["a", "b", "c"]


def test_offensive_candidates_are_not_admitted() -> None:
    assert [c.text for c in admit([Candidate("shit", Role.OCR), Candidate("cup", Role.OCR)])] == ["cup"]
