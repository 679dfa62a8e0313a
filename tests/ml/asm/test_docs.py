"""The examples of docs/asm.md run."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "asm.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example: str) -> None:
    exec(compile(example, str(PAGE), "exec"), {})  # noqa: S102  (our own page)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2
