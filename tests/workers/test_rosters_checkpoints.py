"""Rosters name checkpoints below one folder, and learn what is missing: a checkpoint, a package, a GPU."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from annotation.pipeline.rosters import DEFAULT_ROSTER, BackendChoice, RosterError, parse_roster
from tests.embedded.runs import ROOT
from tests.ml.backends.learned import save_asm, save_rclip
from workers.rosters import load_backend, load_roster


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with an R-CLIP, an ASM and something else."""
    folder = tmp_path_factory.mktemp("models")
    save_rclip(folder / "loop-1")
    save_rclip(folder / "street" / "loop-2", seed=1)
    save_asm(folder / "asm-1")
    (folder / "notes").mkdir()
    save_rclip(folder.with_name(folder.name + "-outside") / "secret")
    return folder


@pytest.fixture(autouse=True)
def _models_folder(models: Path, settings: Any) -> None:
    settings.ARGUS_MODELS_DIR = models


def choice(backend: str, **options: Any) -> BackendChoice:
    return BackendChoice(backend=backend, options=options)


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("matcher", "rclip:loop-1"),
        ("matcher", "rclip:street/loop-2"),
        ("matcher", "asm:asm-1"),
        ("magnifier", "asm:asm-1"),
        ("responder", "asm:asm-1"),
        ("writer", "asm:asm-1"),
    ],
)
def test_a_checkpoint_serves_by_its_name(role: str, name: str) -> None:
    named = load_backend(role, choice(name))
    assert named.name == name
    assert (named.producer.backend, named.producer.model) == tuple(name.split(":"))


def test_a_whole_roster_of_checkpoints_loads() -> None:
    values = DEFAULT_ROSTER.model_dump(mode="json")
    values["matcher"] = {"backend": "rclip:loop-1", "options": {"prompt": "a photo of a {}"}}
    for role in ("magnifier", "responder", "writer"):
        values[role] = {"backend": "asm:asm-1"}
    backends = load_roster(parse_roster(values))
    assert backends.magnifier is not None
    assert (backends.matcher.name, backends.writer.name) == ("rclip:loop-1", "asm:asm-1")


def test_other_weights_under_the_same_name_are_another_producer(models: Path, settings: Any, tmp_path: Path) -> None:
    before = load_backend("matcher", choice("rclip:loop-1")).producer
    save_rclip(tmp_path / "loop-1", seed=7)
    settings.ARGUS_MODELS_DIR = tmp_path
    after = load_backend("matcher", choice("rclip:loop-1")).producer
    assert before.version != after.version
    assert (before.name, before.config_digest) == (after.name, after.config_digest)


def test_options_spelt_out_are_the_same_producer_and_others_are_not() -> None:
    plain = load_backend("matcher", choice("rclip:loop-1")).producer
    spelt_out = load_backend("matcher", choice("rclip:loop-1", view="regions", prompt="{}")).producer
    crops = load_backend("matcher", choice("rclip:loop-1", view="crops")).producer
    assert plain == spelt_out
    assert plain != crops


def test_where_a_checkpoint_lies_is_no_part_of_its_producer(models: Path, settings: Any, tmp_path: Path) -> None:
    before = load_backend("matcher", choice("rclip:loop-1")).producer
    moved = tmp_path / "moved"
    moved.symlink_to(models)
    settings.ARGUS_MODELS_DIR = moved
    assert load_backend("matcher", choice("rclip:loop-1")).producer == before


def test_what_is_not_there_is_answered_with_what_is(models: Path) -> None:
    with pytest.raises(RosterError) as refused:
        load_backend("matcher", choice("rclip:loop-9"))
    assert str(refused.value) == (
        f"there is no checkpoint 'loop-9' in {models}; there are: asm-1, loop-1, street/loop-2"
    )


@pytest.mark.parametrize(
    "name", ["../{}-outside/secret", "street/../../{}-outside/secret", "loop-1/", "street//loop-2"]
)
def test_a_name_cannot_leave_the_models_folder(models: Path, name: str) -> None:
    name = name.format(models.name)
    assert name.endswith("/") or (models / name / "config.json").is_file()  # were it followed, it would load
    outside = BackendChoice.model_construct(backend=f"rclip:{name}", options={})
    with pytest.raises(RosterError, match="is no name of a checkpoint"):
        load_backend("matcher", outside)


@pytest.mark.parametrize("options", [{"folder": "/etc"}, {"path": "/etc"}, {"checkpoint": "loop-1"}])
@pytest.mark.parametrize("name", ["rclip:loop-1", "builtin:starter-clip"])
def test_no_option_is_a_path(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(RosterError, match="keyword argument"):
        load_backend("matcher", choice(name, **options))


def test_a_folder_that_is_no_checkpoint_is_named() -> None:
    with pytest.raises(RosterError, match=r"matcher rclip:notes: .*notes/config\.json is missing"):
        load_backend("matcher", choice("rclip:notes"))


def test_a_checkpoint_of_the_other_kind_is_refused() -> None:
    with pytest.raises(RosterError, match="asm-1 is of kind 'asm'; 'rclip' is needed here"):
        load_backend("matcher", choice("rclip:asm-1"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dtype": "int8"}, "dtype must be one of"),
        ({"device": "toaster"}, "rclip:loop-1: .*toaster"),
        ({"device": "cuda:77"}, "cuda:77|CUDA"),
        ({"view": "sideways"}, "view must be"),
        ({"chunk": "many"}, "rclip:loop-1: "),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(RosterError, match=reason):
        load_backend("matcher", choice("rclip:loop-1", **options))


WITHOUT_TORCH = """
import sys
for name in ("torch", "open_clip", "transformers", "timm", "safetensors"):
    sys.modules[name] = None  # as where the extra is not installed
import django
django.setup()
from django.conf import settings
settings.ARGUS_MODELS_DIR = {models!r}
from annotation.pipeline.rosters import DEFAULT_ROSTER, BackendChoice, RosterError
from workers.rosters import load_backend, load_roster
load_roster(DEFAULT_ROSTER)
for role, name in [("matcher", "rclip:loop-1"), ("writer", "asm:asm-1"), ("matcher", "builtin:starter-clip")]:
    try:
        load_backend(role, BackendChoice(backend=name))
    except RosterError as error:
        print(error)
"""


def test_without_the_models_extra_the_others_work_and_these_say_what_to_install(models: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH.format(models=str(models))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{backend}: the package torch is not installed here: pip install 'argus-data-engine[models]'"
        for backend in ("matcher rclip:loop-1", "writer asm:asm-1", "matcher builtin:starter-clip")
    ]


def test_the_roster_in_the_documentation_is_one(models: Path) -> None:
    text = (ROOT / "docs" / "models.md").read_text("utf-8")
    roster = parse_roster(json.loads(text.split("```json\n")[1].split("```")[0]))
    for role in ("matcher", "responder", "writer"):
        chosen = getattr(roster, role)
        here = "rclip:loop-1" if role == "matcher" else "asm:asm-1"
        assert chosen.backend.startswith(here.split(":", maxsplit=1)[0])
        load_backend(role, choice(here, **chosen.options))
