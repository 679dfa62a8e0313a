from hypothesis import given
from hypothesis import strategies as st

from bench.world.relations import Relation, predicates, relations

sides = st.integers(1, 60)
boxes = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), st.integers(0, 100), st.integers(0, 100), sides, sides)


def says(one, other):
    return set(predicates(one, other))


def test_beside_each_other():
    assert says((0, 0, 10, 10), (12, 0, 22, 10)) == {"left of", "next to"}
    assert says((40, 2, 50, 12), (12, 0, 22, 10)) == {"right of"}
    assert says((0, 0, 10, 10), (12, 8, 22, 18)) == set()


def test_one_over_the_other():
    assert says((0, 0, 10, 10), (0, 30, 10, 40)) == {"above"}
    assert says((0, 30, 10, 40), (0, 0, 10, 10)) == {"below"}
    assert says((2, 0, 10, 10), (0, 11, 12, 40)) == {"above", "on"}
    assert says((2, 0, 10, 10), (0, 9, 12, 40)) == {"on"}


def test_one_within_the_other():
    assert says((10, 10, 20, 20), (0, 0, 60, 60)) == {"inside"}
    assert says((0, 0, 60, 60), (10, 10, 20, 20)) == set()
    assert says((0, 0, 10, 10), (0, 0, 12, 12)) == set()  # hardly larger


@given(boxes, boxes)
def test_sides_are_inverse_and_exclude_each_other(one, other):
    here, there = says(one, other), says(other, one)
    assert ("left of" in here) == ("right of" in there)
    assert ("above" in here) == ("below" in there)
    assert ("next to" in here) == ("next to" in there)
    assert len(here & {"left of", "right of", "above", "below"}) <= 1
    assert not ("inside" in here and "inside" in there)


def test_pairs_are_told_both_ways():
    assert relations([(0, 0, 10, 10), (40, 0, 50, 10)]) == (Relation(0, "left of", 1), Relation(1, "right of", 0))
