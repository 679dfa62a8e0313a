"""Region-text InfoNCE, against its literal definition and case by case."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from ml.contrastive import NONE, ContrastiveLoss, TargetError, Targets, region_text_loss
from tests.ml.literal_contrast import LiteralLoss, literal_loss

SCALE = 7.0


def targets(
    texts: int,
    positive: Sequence[int],
    accepted: Sequence[tuple[int, int]] = (),
    rejected: Sequence[tuple[int, int]] = (),
    weights: Sequence[float] | None = None,
) -> Targets:
    return Targets(
        texts,
        np.array(positive, np.int64),
        np.array(accepted, np.int64).reshape(-1, 2),
        np.array(rejected, np.int64).reshape(-1, 2),
        np.ones(len(positive)) if weights is None else np.array(weights),
    )


def random_targets(seed: int) -> Targets:
    """Few texts, so that they are shared, accepted, rejected and in the batch in every combination."""
    random = np.random.default_rng(seed)
    texts, regions = int(random.integers(1, 9)), int(random.integers(1, 12))
    positive, accepted, rejected = [], [], []
    for region in range(regions):
        kinds = random.choice(3, texts, p=[0.5, 0.2, 0.3])  # nothing known, accepted, rejected
        mine = np.flatnonzero(kinds == 1)
        positive.append(int(random.choice(mine)) if len(mine) else NONE)
        accepted += [(region, int(text)) for text in mine]
        rejected += [(region, int(text)) for text in np.flatnonzero(kinds == 2)]
    return targets(texts, positive, accepted, rejected * 2, random.choice([0.0, 0.5, 1.0, 3.0], regions).tolist())


def embeddings(count: int, seed: int, width: int = 5) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(count, width, dtype=torch.float64, generator=generator), dim=-1)


def both(given: Targets, seed: int = 0, *, option: bool = False) -> tuple[ContrastiveLoss, LiteralLoss]:
    regions, texts = embeddings(len(given.positive), seed), embeddings(given.texts, seed + 1)
    loss = region_text_loss(
        regions, texts, torch.tensor(SCALE, dtype=torch.float64), given, negatives_without_accepted=option
    )
    return loss, literal_loss(regions.numpy(), texts.numpy(), SCALE, given, negatives_without_accepted=option)


def assert_same(loss: ContrastiveLoss, literal: LiteralLoss) -> None:
    for name in ("total", "image_to_text", "text_to_image", "accuracy"):
        assert getattr(loss, name).item() == pytest.approx(getattr(literal, name), rel=1e-11, abs=1e-12), name


@given(seed=st.integers(0, 10**9), option=st.booleans())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_loss_is_its_literal_definition(seed: int, option: bool) -> None:
    assert_same(*both(random_targets(seed), seed, option=option))


def test_every_case_occurs_among_the_random_targets() -> None:
    drawn = [random_targets(seed) for seed in range(60)]
    assert any((one.positive == NONE).all() for one in drawn)
    assert any(len(one.positive) == 1 for one in drawn)
    assert any(one.texts == 1 for one in drawn)
    assert any(len(set(one.positive.tolist())) < len(one.positive) for one in drawn)
    in_batch_and_rejected = [np.isin(one.rejected[:, 1], one.positive) for one in drawn]
    assert any(shared.any() and not shared.all() for shared in in_batch_and_rejected)


def test_without_shared_texts_and_verdicts_it_is_the_loss_of_clip() -> None:
    regions, texts = embeddings(6, 0), embeddings(6, 1)
    loss = region_text_loss(regions, texts, torch.tensor(SCALE, dtype=torch.float64), targets(6, range(6)))
    logits, labels = SCALE * regions @ texts.T, torch.arange(6)
    expected = (cross_entropy(logits, labels) + cross_entropy(logits.T, labels)) / 2
    assert loss.total.item() == pytest.approx(expected.item(), rel=1e-12)


def test_the_gradient_is_that_of_the_literal_definition() -> None:
    given = random_targets(11)
    regions, texts = embeddings(len(given.positive), 3), embeddings(given.texts, 4)
    leaves = regions.clone().requires_grad_(), texts.clone().requires_grad_()
    region_text_loss(*leaves, torch.tensor(SCALE), given, negatives_without_accepted=True).total.backward()
    step = 1e-6
    for leaf, values in zip(leaves, (regions, texts), strict=True):
        assert leaf.grad is not None
        for row, column in np.ndindex(*values.shape):
            losses = []
            for sign in (1, -1):
                moved = values.clone()
                moved[row, column] += sign * step
                pair = (moved, texts) if values is regions else (regions, moved)
                losses.append(
                    literal_loss(pair[0].numpy(), pair[1].numpy(), SCALE, given, negatives_without_accepted=True).total
                )
            assert leaf.grad[row, column].item() == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-7)


def test_regions_with_one_text_are_no_negatives_of_each_other() -> None:
    loss, literal = both(targets(1, [0, 0, 0]))
    assert_same(loss, literal)
    assert loss.image_to_text.item() == pytest.approx(0, abs=1e-12)  # nothing else to mistake it for


def test_a_text_counts_once_in_image_to_text_however_many_regions_have_it() -> None:
    texts = torch.eye(2, dtype=torch.float64)
    regions = torch.tensor([[1.0, 0], [0, 1], [0, 1], [0, 1]], dtype=torch.float64)
    loss = region_text_loss(regions, texts, torch.tensor(1.0), targets(2, [0, 1, 1, 1]))
    assert loss.image_to_text.item() == pytest.approx(math.log(1 + math.exp(-1)))


def test_what_is_rejected_for_another_region_does_not_count() -> None:
    regions, texts = embeddings(2, 0), embeddings(4, 1)
    scale = torch.tensor(SCALE, dtype=torch.float64)
    plain = region_text_loss(regions[:1], texts[[0, 1]], scale, targets(2, [0], rejected=[(0, 1)]))
    hard = region_text_loss(
        torch.cat([regions[:1], regions[:1]]), texts, scale, targets(4, [0, 0], rejected=[(0, 1), (1, 2), (1, 3)])
    )
    alone = region_text_loss(regions[:1], texts, scale, targets(4, [0], rejected=[(0, 2), (0, 3)]))
    assert hard.image_to_text.item() == pytest.approx((plain.image_to_text + alone.image_to_text).item() / 2)


def test_a_rejected_text_pushes_only_the_region_that_rejected_it() -> None:
    regions = embeddings(3, 0).requires_grad_()
    texts = embeddings(4, 1).requires_grad_()
    loss = region_text_loss(regions, texts, torch.tensor(SCALE), targets(4, [0, 1, 2], rejected=[(1, 3)]))
    region, text = torch.autograd.grad(loss.total, [regions, texts])
    cosine = torch.nn.functional.cosine_similarity(text[3], regions[1].detach(), dim=0)
    assert cosine.item() == pytest.approx(1)
    assert region.isfinite().all()


def test_an_accepted_tag_that_was_not_drawn_is_neither_positive_nor_negative() -> None:
    regions, texts = embeddings(2, 0).requires_grad_(), embeddings(2, 1)
    loss = region_text_loss(regions, texts, torch.tensor(SCALE), targets(2, [0, 1], accepted=[(0, 0), (0, 1)]))
    loss.total.backward()
    assert regions.grad is not None
    # Region 0 has no other text to be told from, and text 0 is told from region 1 alone.
    across = regions.grad[0] - (regions.grad[0] @ texts[0]) * texts[0]
    assert across.norm().item() == pytest.approx(0, abs=1e-9)


def test_a_region_without_accepted_tags_is_no_negative_of_texts_that_nobody_judged() -> None:
    regions, texts = embeddings(3, 0), embeddings(2, 1)
    scale = torch.tensor(SCALE, dtype=torch.float64)
    with_it = region_text_loss(regions, texts, scale, targets(2, [0, 1, NONE]))
    without = region_text_loss(regions[:2], texts, scale, targets(2, [0, 1]))
    judged = region_text_loss(regions, texts, scale, targets(2, [0, 1, NONE], rejected=[(2, 1)]))
    assert with_it.total.item() == pytest.approx(without.total.item())
    assert judged.text_to_image.item() > without.text_to_image.item()
    assert judged.image_to_text.item() == pytest.approx(without.image_to_text.item())


def test_the_option_makes_rejected_texts_less_likely_where_none_was_accepted() -> None:
    regions, texts = embeddings(2, 0), embeddings(3, 1).requires_grad_()
    given = targets(3, [0, NONE], rejected=[(1, 2)])
    loss = region_text_loss(regions, texts, torch.tensor(SCALE), given, negatives_without_accepted=True)
    loss.total.backward()
    assert texts.grad is not None
    assert (texts.grad[2] @ regions[1]).item() > 0
    silent = region_text_loss(regions, texts, torch.tensor(SCALE), given)
    assert torch.autograd.grad(silent.total, [texts])[0][2].abs().max().item() == 0


@pytest.mark.parametrize(
    "given",
    [
        targets(2, [NONE, NONE], rejected=[(0, 1), (1, 0)]),
        targets(0, [NONE]),
        targets(3, []),
        targets(2, [0, 1], weights=[0, 0]),
    ],
)
def test_nothing_to_learn_is_zero_with_a_graph(given: Targets) -> None:
    regions = embeddings(len(given.positive), 0).requires_grad_()
    texts = embeddings(given.texts, 1).requires_grad_()
    loss = region_text_loss(regions, texts, torch.tensor(SCALE), given, negatives_without_accepted=True)
    loss.total.backward()
    assert loss.total.item() == 0
    assert regions.grad is not None
    assert regions.grad.abs().sum().item() == 0


def test_one_region_with_one_text_has_a_finite_gradient() -> None:
    regions = embeddings(1, 0).requires_grad_()
    loss = region_text_loss(regions, embeddings(1, 1), torch.tensor(SCALE), targets(1, [0]))
    loss.total.backward()
    assert loss.total.item() == 0
    assert regions.grad is not None
    assert regions.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_embeddings_give_float32_logits(dtype: torch.dtype) -> None:
    given = random_targets(5)
    regions, texts = embeddings(len(given.positive), 0).to(dtype), embeddings(given.texts, 1).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = region_text_loss(regions, texts, torch.tensor(100.0), given)
    literal = literal_loss(regions.double().numpy(), texts.double().numpy(), 100.0, given)
    assert loss.total.dtype == torch.float32
    assert loss.total.item() == pytest.approx(literal.total, rel=1e-5)


def test_a_scale_that_overflows_naive_exponentials_stays_finite() -> None:
    given = random_targets(7)
    regions, texts = embeddings(len(given.positive), 0).float(), embeddings(given.texts, 1).float()
    loss = region_text_loss(regions.requires_grad_(), texts, torch.tensor(5000.0), given)
    loss.total.backward()
    assert loss.total.isfinite()
    assert regions.grad is not None
    assert regions.grad.isfinite().all()


@pytest.mark.parametrize("parts", [2, 3, 20])
@pytest.mark.parametrize("seed", [0, 3, 4])
def test_parts_sum_to_the_loss_and_its_gradient(seed: int, parts: int) -> None:
    given = random_targets(seed)
    regions = embeddings(len(given.positive), 0).requires_grad_()
    texts = embeddings(given.texts, 1).requires_grad_()
    scale = torch.tensor(SCALE, dtype=torch.float64, requires_grad=True)
    whole = region_text_loss(regions, texts, scale, given, negatives_without_accepted=True)
    pieces = [
        region_text_loss(regions, texts, scale, given, negatives_without_accepted=True, share=(number, parts))
        for number in range(parts)
    ]
    for name in ("total", "image_to_text", "text_to_image", "accuracy"):
        assert sum(getattr(piece, name).item() for piece in pieces) == pytest.approx(getattr(whole, name).item())
    expected = torch.autograd.grad(whole.total, [regions, texts, scale])
    gradients = [torch.autograd.grad(piece.total, [regions, texts, scale]) for piece in pieces]
    for place, gradient in enumerate(expected):
        torch.testing.assert_close(sum(piece[place] for piece in gradients), gradient)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: targets(3, [0, 1], rejected=[(1, 1)]), "region 1 both accepts and rejects text 1"),
        (lambda: targets(3, [0], accepted=[(0, 2)], rejected=[(0, 2)]), "region 0 both accepts and rejects text 2"),
        (lambda: targets(3, [0, NONE], accepted=[(1, 2)]), "region 1 accepts text 2, but has no positive"),
        (lambda: targets(2, [2]), "positive 2 is not in -1 ... 1"),
        (lambda: targets(2, [0], rejected=[(0, 5)]), "rejected text 5 is not in 0 ... 1"),
        (lambda: targets(2, [0], rejected=[(3, 1)]), "rejected region 3 is not in 0 ... 0"),
        (lambda: targets(2, [0], weights=[-1]), "finite and at least 0"),
        (lambda: targets(2, [0], weights=[float("nan")]), "finite and at least 0"),
        (lambda: targets(2, [0], weights=[1, 1]), "there must be 1 weights"),
    ],
)
def test_impossible_targets_are_refused_by_name(make: object, words: str) -> None:
    assert callable(make)
    with pytest.raises(TargetError, match=words):
        make()


def test_embeddings_that_are_not_those_of_the_targets_are_refused() -> None:
    with pytest.raises(TargetError, match="embeddings of 3 and 2"):
        region_text_loss(embeddings(3, 0), embeddings(2, 1), torch.tensor(1.0), targets(2, [0, 1]))
