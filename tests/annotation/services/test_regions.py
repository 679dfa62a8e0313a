import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from annotation.importers.boxes import REFUSALS, checked_box, checked_boxes
from annotation.importers.records import ItemRefused
from annotation.services.regions import region_identities

number = st.floats(-3, 110) | st.sampled_from([0.0, 50.0, 100.0, 101.0, float("inf"), float("nan")])


def test_identities_never_change() -> None:
    """They are stored: other values would make every region new."""
    boxes = np.array([(10, 20, 30.5, 40.25), (0, 0, 100, 80), (0, 0, 100, 80), (0, 0, 100, 80)])
    assert region_identities(boxes, ["", "80342", "größe-0123456789", ""]).tolist() == [
        968305514103452044,
        -938598414690084114,
        2248865133910681198,
        -5940769946486990356,
    ]


def test_the_rest_of_the_batch_plays_no_part() -> None:
    boxes = np.array([(10.0, 20, 30, 40)] * 3)
    together = region_identities(boxes, ["a", "a much longer external id than the others have", ""])
    alone = [
        region_identities(boxes[:1], [text])[0] for text in ("a", "a much longer external id than the others have", "")
    ]
    assert together.tolist() == alone
    assert region_identities(boxes)[0] == together[2]


@given(
    st.lists(st.tuples(st.text(max_size=20).filter(lambda text: "\x00" not in text), st.integers(0, 50)), unique=True)
)
def test_different_ids_or_boxes_have_different_identities(pairs: list[tuple[str, int]]) -> None:
    boxes = np.array([(0, 0, 1 + place / 100, 1) for _, place in pairs]).reshape(-1, 4)
    assert len(set(region_identities(boxes, [text for text, _ in pairs]).tolist())) == len(pairs)


@given(st.lists(st.tuples(number, number, number, number), max_size=20))
def test_boxes_are_checked_the_same_way_one_by_one_and_together(rows: list[tuple[float, ...]]) -> None:
    boxes = np.array(rows).reshape(-1, 4)
    checked, codes = checked_boxes(boxes, np.full(len(boxes), 100.0), np.full(len(boxes), 80.0))
    for box, result, code in zip(boxes.tolist(), checked.tolist(), codes.tolist(), strict=True):
        assert REFUSALS[code][0] == _refusal(tuple(box))
        if code == 0:
            assert np.allclose(checked_box(tuple(box), (100, 80)), result, atol=0.0101)


def _refusal(box: tuple[float, ...]) -> str:
    try:
        checked_box(box, (100, 80))
    except ItemRefused as error:
        return error.code
    return ""
