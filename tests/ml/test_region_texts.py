"""From verdicts to the joint loss: which texts are embedded, and that the cut into micro-batches changes nothing."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ml.contrastive import ContrastiveLoss, Targets
from ml.data.manifests import TagVerdict
from ml.region_texts import ContradictoryTags, RegionTags, drawn, joint_loss, region_texts, text_id

from .literal_contrast import literal_loss

WORDS = ("cat", "dog", "fox", "red kite", "kite", "tree", "elm")
SCALE = 6.0


def region(positive: str | None, others: Sequence[str] = (), rejected: Sequence[str] = ()) -> RegionTags:
    accepted = (*others, *(() if positive is None else (positive,)))
    return RegionTags(positive, accepted, tuple(rejected), 1.0)


def random_regions(seed: int, count: int = 12) -> list[RegionTags]:
    random = np.random.default_rng(seed)
    regions = []
    for _ in range(count):
        order = random.permutation(WORDS).tolist()
        accepted, rejected = int(random.integers(0, 3)), int(random.integers(0, 4))
        verdict = TagVerdict(tuple(order[:accepted]), tuple(order[accepted : accepted + rejected]), random.random())
        regions.append(drawn(verdict, random))
    return regions


def embedded_texts(texts: Sequence[str]) -> Tensor:
    """Each text has its own embedding, whatever its company."""
    rows = [torch.randn(6, generator=torch.Generator().manual_seed(text_id(text) % 2**31)) for text in texts]
    return normalize(torch.stack(rows).double(), dim=-1) if rows else torch.zeros(0, 6, dtype=torch.float64)


def embedded_regions(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return normalize(torch.randn(count, 6, dtype=torch.float64, generator=generator), dim=-1)


def loss_in_parts(regions: Sequence[RegionTags], rows: Tensor, cuts: Sequence[int], *, option: bool) -> ContrastiveLoss:
    edges = [0, *cuts, len(regions)]
    batches = []
    texts = []
    for start, stop in pairwise(edges):
        words, related = region_texts(regions[start:stop], negatives_without_accepted=option)
        batches.append(related)
        texts.append(embedded_texts(words))
    parts = rows.split([len(batch.positive) for batch in batches])
    scale = torch.tensor(SCALE, dtype=torch.float64)
    return joint_loss(parts, texts, batches, scale, negatives_without_accepted=option)


@pytest.mark.parametrize("option", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_joint_loss_is_the_literal_one_however_the_batch_is_cut(seed: int, option: bool) -> None:
    regions = random_regions(seed)
    number = {word: place for place, word in enumerate(WORDS)}
    targets = Targets(
        len(WORDS),
        np.array([-1 if one.positive is None else number[one.positive] for one in regions]),
        np.array([(i, number[word]) for i, one in enumerate(regions) for word in one.accepted]),
        np.array([(i, number[word]) for i, one in enumerate(regions) for word in one.rejected]),
        np.array([one.weight for one in regions]),
    )
    rows = embedded_regions(len(regions))
    literal = literal_loss(
        rows.numpy(), embedded_texts(WORDS).numpy(), SCALE, targets, negatives_without_accepted=option
    )
    for cuts in ([], [5], [1, 2, 9]):
        loss = loss_in_parts(regions, rows, cuts, option=option)
        assert loss.total.item() == pytest.approx(literal.total, rel=1e-11)
        assert loss.accuracy.item() == pytest.approx(literal.accuracy)


def test_only_texts_that_are_compared_are_embedded() -> None:
    regions = [region("cat", others=["animal"], rejected=["dog"]), region("dog"), region(None, rejected=["fox", "cat"])]
    texts, related = region_texts(regions, negatives_without_accepted=False)
    assert texts == ["cat", "dog"]
    assert related.texts.tolist() == [text_id("cat"), text_id("dog")]
    texts, _ = region_texts(regions, negatives_without_accepted=True)
    assert texts == ["cat", "dog", "fox"]


def test_texts_are_equal_when_they_are_as_concepts() -> None:
    assert text_id("The  Sphinx ") == text_id("the sphinx")
    assert text_id("caf\u00e9") == text_id("cafe\u0301")
    assert text_id("cat") != text_id("cats")
    texts, related = region_texts([region("The Sphinx"), region("the sphinx")], negatives_without_accepted=False)
    assert texts == ["The Sphinx"]
    assert related.positive[0] == related.positive[1]


def test_ids_do_not_change_from_run_to_run() -> None:
    assert text_id("the sphinx") == 0x57B4C848CC36C141 >> 1  # b2sum -l 64


def test_each_accepted_tag_is_drawn_as_often() -> None:
    verdict = TagVerdict(("cat", "pet", "animal"), ("dog",), 0.5)
    generator = np.random.default_rng(0)
    counts = Counter(drawn(verdict, generator).positive for _ in range(3000))
    assert set(counts) == set(verdict.accepted)
    assert all(900 < count < 1100 for count in counts.values())


def test_the_draw_is_the_generators() -> None:
    verdict = TagVerdict(WORDS, (), 1.0)
    first = [drawn(verdict, generator).positive for generator in [np.random.default_rng(3)] for _ in range(9)]
    again = [drawn(verdict, generator).positive for generator in [np.random.default_rng(3)] for _ in range(9)]
    assert first == again
    assert len(set(first)) > 1


def test_a_region_keeps_its_verdict_and_its_weight() -> None:
    tags = drawn(TagVerdict((), ("cat", "dog"), 0.5), np.random.default_rng(0), weight=4.0)
    assert tags == RegionTags(None, (), ("cat", "dog"), 2.0)


def test_a_tag_that_is_accepted_and_rejected_is_named() -> None:
    with pytest.raises(ContradictoryTags, match="'Dog' is both accepted and rejected"):
        drawn(TagVerdict(("cat", "dog"), ("Dog",), 1.0), np.random.default_rng(0))


def test_a_batch_without_any_text_is_zero_with_a_graph() -> None:
    regions = [region(None, rejected=["cat"])] * 2
    rows = embedded_regions(2).requires_grad_()
    loss = loss_in_parts(regions, rows, [1], option=False)
    loss.total.backward()
    assert loss.total.item() == 0
    assert rows.grad is not None
