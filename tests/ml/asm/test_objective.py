"""Both losses: their numbers, what they leave out, and that the joint batch is one however it is cut up."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from ml.asm.model import ASM
from ml.asm.objective import AlignObjective, GenerateObjective, generation_loss
from ml.asm.training import ASMTask

from .models import small_asm
from .records import align, generate, photo


@pytest.fixture(scope="module")
def model() -> ASM:
    return small_asm()


def batch_of(model: ASM, kind: str, records: list[Any], **options: Any) -> Any:
    task = ASMTask.for_model(model, options)
    samples = [task.transform(one, photo(i), np.random.default_rng(i)) for i, one in enumerate(records)]
    return task.collate(kind, samples)


def test_the_generation_loss_is_the_weighted_mean_over_tokens() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    targets = torch.tensor([0, 3, 6, 2, 2])
    weights = torch.tensor([1.0, 1.0, 0.5, 0.0, 2.0], dtype=torch.float64)
    literal = 0.0
    for row, target, weight in zip(logits.tolist(), targets.tolist(), weights.tolist(), strict=True):
        literal -= weight * (row[target] - math.log(sum(math.exp(value) for value in row)))
    assert float(generation_loss(logits, targets, weights)) == pytest.approx(literal / 4.5, rel=1e-6)


def test_only_the_words_of_answers_and_their_ends_are_learned(model: ASM) -> None:
    batch = batch_of(model, "generate", [generate("Why?", "No.")])
    rows = batch["rows"]
    learned = rows["codes"][rows["learned"]].tolist()
    assert learned == [*model.tokenizer.encode("No."), model.tokenizer.end_id]
    assert GenerateObjective().size(batch) == len(learned)


@torch.no_grad()
def test_a_record_weighs_what_it_says(model: ASM) -> None:
    heavy, light = generate("Why?", "No.", weight=2.0), generate("What?", "A red one.", weight=0.5)
    objective = GenerateObjective()
    both = batch_of(model, "generate", [heavy, light])
    is_light = both["weights"] == 0.5
    losses = [float(objective.loss(model, {**both, "weights": mask.float()}).total) for mask in (~is_light, is_light)]
    sizes = [2.0 * 4, 0.5 * 11]  # bytes of the answer, and its end
    assert objective.size(both) == sum(sizes)
    expected = (sizes[0] * losses[0] + sizes[1] * losses[1]) / sum(sizes)
    assert losses[0] != losses[1]
    assert float(objective.loss(model, both).total) == pytest.approx(expected, rel=1e-4)


@torch.no_grad()
def contrast(model: ASM, batches: list[Any]) -> Any:
    objective = AlignObjective()
    return objective.contrast(model, [objective.embed(model, batch) for batch in batches], batches)


def test_the_alignment_loss_is_clips_where_all_tags_differ(model: ASM) -> None:
    batch = batch_of(model, "align", [align(["cat"]), align(["dog"]), align(["ox"])])
    embedded = AlignObjective().embed(model, batch)
    logits = (embedded["regions"] @ embedded["texts"].T * model.scale).detach()
    diagonal = torch.arange(3)
    expected = (
        torch.nn.functional.cross_entropy(logits, diagonal) + torch.nn.functional.cross_entropy(logits.T, diagonal)
    ) / 2
    assert float(contrast(model, [batch]).total) == pytest.approx(float(expected), rel=1e-5)


def test_micro_batches_make_the_loss_of_the_joint_batch(model: ASM) -> None:
    records = [align(["cat"], ["dog"], ["dog", "cat"]), align(["dog", "hound"], ["cat"]), align(["cat"])]
    task = ASMTask.for_model(model, {})
    samples = [task.transform(one, photo(i), np.random.default_rng(i)) for i, one in enumerate(records)]
    joint = contrast(model, [task.collate("align", samples)])
    parts = contrast(model, [task.collate("align", samples[:1]), task.collate("align", samples[1:])])
    assert float(parts.total) == pytest.approx(float(joint.total), rel=1e-5)


def test_rejected_tags_make_the_loss_larger(model: ASM) -> None:
    plain = contrast(model, [batch_of(model, "align", [align(["cat"]), align(["dog"])])])
    hard = contrast(model, [batch_of(model, "align", [align(["cat"], ["fox", "wolf"]), align(["dog"])])])
    assert hard.parts["image_to_text"] > plain.parts["image_to_text"]
    assert hard.parts["text_to_image"] == pytest.approx(plain.parts["text_to_image"], rel=1e-4)


def test_regions_without_an_accepted_tag_alone_teach_nothing(model: ASM) -> None:
    assert float(contrast(model, [batch_of(model, "align", [align([], ["cat"])])]).total) == 0.0


def test_the_scale_is_kept_within_its_bound() -> None:
    model = small_asm()
    with torch.no_grad():
        model.logit_scale.fill_(9.0)
    loss = contrast(model, [batch_of(model, "align", [align(["cat"]), align(["dog"])])])
    assert loss.parts["scale"] == pytest.approx(100.0, rel=1e-4)


@torch.no_grad()
def test_both_losses_run_in_bfloat16(model: ASM) -> None:
    aligned, answered = batch_of(model, "align", [align(["cat"]), align(["dog"])]), [generate("Why?", "No.")]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = GenerateObjective().loss(model, batch_of(model, "generate", answered)).total
        embedded = AlignObjective().embed(model, aligned)
    exact = GenerateObjective().loss(model, batch_of(model, "generate", answered)).total
    assert float(rough) == pytest.approx(float(exact), rel=0.05)
    assert embedded["regions"].isfinite().all()
