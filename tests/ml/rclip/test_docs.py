import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "rclip.md"


def test_the_pages_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 1
    exec(compile(examples[0], str(PAGE), "exec"), {})  # noqa: S102  (our own page)
    shape, *rest = capsys.readouterr().out.splitlines()
    assert shape == "torch.Size([2, 3])"
    assert rest


def test_the_page_names_models_and_tags_that_open_clip_knows() -> None:
    import open_clip

    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| a name of open_clip"))
    names, tags = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3])
    known = [open_clip.list_pretrained_tags_by_model(name) for name in names]
    assert all(known), f"unknown among {names}"
    for tag in tags:
        assert any(tag in of_model for of_model in known), tag
