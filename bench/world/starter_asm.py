"""The starter ASM: answers and captions in the world's language, from the starter CLIP's tower."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from ml.asm.building import build_asm
from ml.asm.config import ASMConfig
from ml.asm.model import ASM
from ml.asm.text_tokenizer import train_tokenizer
from ml.checkpoint import read_config, save_model
from ml.starters import STARTER_CLIP
from ml.training.provenance import code_version, library_versions, parent_of

from .captions import CAPTION_QUESTION, all_texts, region_caption
from .conversations import Conversation, fit_conversations
from .language import questions
from .rendering import render
from .scenes import Scene, make_scene
from .wishes import HEIGHT, WIDTH

STEPS: Final = 600
SCENES: Final = 500
PEAK_RATE: Final = 1.5e-3
VOCABULARY: Final = 1200
INPUT: Final = (HEIGHT // 2, WIDTH // 2)
_ASKED: Final = 3  # questions of a region in one conversation, as in the papers


def config(tokenizer: Path, starter: Path) -> ASMConfig:
    """The tower and the region layers of the starter CLIP; all of it trains on."""
    tiny = ASMConfig.tiny(str(tokenizer))
    clip = {name: value for name, value in read_config(starter).items() if name != "kind"}
    tower = replace(
        tiny.tower, architecture={"tower": clip["tower"], "stage": clip["stage"]}, weights=str(starter),
        region_part=True, image_size=INPUT,
    )  # fmt: skip
    prompts = replace(tiny.prompts, caption_question=CAPTION_QUESTION)
    return replace(tiny, tower=tower, prompts=prompts)


def train(out: Path, *, steps: int, seed: int, starter: Path = STARTER_CLIP, scenes: int = SCENES) -> ASM:
    """Trains and writes the checkpoint (half precision; it loads in float32). Progress goes to stderr."""
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer.json"
        train_tokenizer(all_texts(), vocabulary=VOCABULARY).save(str(tokenizer))
        model = build_asm(config(tokenizer, starter))
    pictures, conversations = starter_lessons(scenes, seed)
    started, smooth = time.perf_counter(), 0.0
    losses = fit_conversations(model, pictures, conversations, steps=steps, rate=PEAK_RATE, seed=seed)
    for step, loss in enumerate(losses, start=1):
        smooth += (loss - smooth) / min(step, 50)
        if step % 100 == 0:
            print(f"step {step}/{steps} loss {smooth:.3f} {time.perf_counter() - started:.0f} s", file=sys.stderr)
    told = {
        "command": f"python -m bench.world.starters asm --steps {steps} --seed {seed}",
        "seconds": round(time.perf_counter() - started), "scenes": scenes, "conversations": len(conversations),
        "peak_rate": PEAK_RATE, "loss": smooth, "parent": parent_of(starter),
    }  # fmt: skip
    versions = {"code": code_version(), "libraries": library_versions()}
    save_model(out, model.half(), {**told, **versions, "step": steps, "steps": steps})
    return model.float().eval()


def starter_lessons(scenes: int, seed: int) -> tuple[npt.NDArray[np.uint8], list[Conversation]]:
    """Pictures of the starter domain, (I, H, W, 3) as the network takes them, and what is true of their things."""
    drawn = [make_scene(seed, number, domain="starter") for number in range(scenes)]
    pictures = np.stack([small(render(scene)) for scene in drawn])
    return pictures, list(_conversations(drawn, np.random.default_rng([seed, 47])))


def small(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """(H, W, 3) of the network's input."""
    return np.asarray(picture.resize(INPUT[::-1], Image.Resampling.BICUBIC))


def _conversations(scenes: list[Scene], random: np.random.Generator) -> Iterator[Conversation]:
    """About every thing: a question, another, the caption alone, and three questions followed by the caption."""
    scale = INPUT[1] / WIDTH
    for number, scene in enumerate(scenes):
        for thing in scene.objects:
            x1, y1, x2, y2 = (side * scale for side in thing.box)
            asked = [(one.question, one.sentence) for one in questions(scene, thing)]
            chosen = [asked[place] for place in random.permutation(len(asked))]
            described = (CAPTION_QUESTION, region_caption(scene, thing))
            for turns in ((chosen[0],), (chosen[1],), (described,), (*chosen[:_ASKED], described)):
                yield Conversation(number, (x1, y1, x2, y2), tuple(turns))
