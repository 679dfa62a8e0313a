"""What is probably right where people disagree, and how often each errs: A. P. Dawid and A. M. Skene, 1979. Pure.

Expectation-maximisation over the true labels: it starts from the majority, then alternates between how often each
person says what (given the labels believed so far) and which label is likely (given how people err). Written here
because crowd-kit, which does the same, brings transformers, pandas, scikit-learn and pyarrow with it; the tests hold it
to crowd-kit's own figures.
"""

from dataclasses import dataclass

import numpy as np

from verification.agreement import Floats, Ints, sums_at

SMALLEST = 1e-10  # no probability is zero, as in crowd-kit


@dataclass(frozen=True, slots=True)
class Consensus:
    """probabilities (units, labels) of each unit's true label; errors (people, true label, said label), rows sum to 1;
    priors (labels,); steps: how many the algorithm took."""

    probabilities: Floats
    errors: Floats
    priors: Floats
    steps: int

    @property
    def labels(self) -> Ints:
        """The likeliest label of each unit (units,); the first one in a tie."""
        likeliest: Ints = self.probabilities.argmax(axis=1).astype(np.int64)
        return likeliest


def dawid_skene(
    units: Ints, people: Ints, said: Ints, *, labels: int = 2, most_steps: int = 100, tolerance: float = 1e-5
) -> Consensus:
    """units, people, said (votes,): who gave which unit which label; each numbered from 0 without gaps.

    Stops when the evidence lower bound per vote gains less than `tolerance`. Raises ValueError without votes.
    """
    if not len(units):
        raise ValueError("no votes")
    votes = np.zeros((int(units.max()) + 1, labels))
    np.add.at(votes, (units, said), 1)
    believed = votes / votes.sum(axis=1, keepdims=True)
    count = int(people.max()) + 1
    priors, errors = believed.mean(axis=0), _errors(units, people, said, believed, count)
    bound, steps = -np.inf, 0
    while steps < most_steps:
        steps += 1
        believed = _believed(units, people, said, priors, errors, len(votes))
        priors, errors = believed.mean(axis=0), _errors(units, people, said, believed, count)
        before, bound = bound, _bound(units, people, said, believed, priors, errors)
        if bound - before < tolerance:
            break
    return Consensus(believed, errors, priors, steps)


def _errors(units: Ints, people: Ints, said: Ints, believed: Floats, count: int) -> Floats:
    """How often each person says what, given the truth: (people, true, said)."""
    labels = believed.shape[1]
    by_said = sums_at(people * labels + said, believed[units], count * labels).reshape(count, labels, labels)
    sums = np.maximum(by_said.transpose(0, 2, 1), SMALLEST)
    shares: Floats = sums / sums.sum(axis=2, keepdims=True)
    return shares


def _believed(units: Ints, people: Ints, said: Ints, priors: Floats, errors: Floats, count: int) -> Floats:
    """How likely each label is of each unit: (units, labels)."""
    logs = np.log(np.maximum(priors, SMALLEST)) + sums_at(units, np.log(errors)[people, :, said], count)
    likely = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: Floats = likely / likely.sum(axis=1, keepdims=True)
    return shares


def _bound(units: Ints, people: Ints, said: Ints, believed: Floats, priors: Floats, errors: Floats) -> float:
    """Evidence lower bound per vote."""
    logs = np.log(np.maximum(priors, SMALLEST)) + sums_at(units, np.log(errors)[people, :, said], len(believed))
    kept = np.maximum(believed, SMALLEST)
    return float(((believed * logs).sum() - (kept * np.log(kept)).sum()) / len(units))
