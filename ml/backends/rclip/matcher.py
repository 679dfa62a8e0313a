"""`rclip:NAME`, matcher: an R-CLIP checkpoint on regions, or as the CLIP on crops of loop 0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from ml.backends.checkpoints import AUTO, STORED, checkpoint_version, shared_model
from ml.backends.confidences import Prompt, proposed_texts, scores_of
from ml.backends.options import check_counts
from ml.backends.values import Candidate, Floats, Photo, Scores
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor

from .views import CropView, RegionView, View

REGIONS: Final = "regions"
CROPS: Final = "crops"
CLIP_CROPS: Final = "clip-crops"


class RClipMatcher:
    """Matcher. Scores are probabilities over the texts proposed on the photo (`ml.backends.confidences`).

    view: "regions": RoIAlign on the photo's feature map, the photo encoded once. "crops": every region cut out and
    embedded as a photo of its own, as an R-CLIP that was trained on whole photos embeds them. "clip-crops": the same
    with open_clip's own image embedding, for downloaded weights that nobody trained on regions (papers V1 §3.3: CLIP
    on the cropped region).
    prompt: put around each tag; use the one that the checkpoint was trained with.
    photos, chunk: photos, and boxes or crops, that go through the network at once.
    """

    def __init__(
        self,
        folder: Path,
        /,
        *,
        view: str = REGIONS,
        prompt: str = "{}",
        device: str = AUTO,
        dtype: str = STORED,
        photos: int = 16,
        chunk: int = 128,
    ) -> None:
        if view not in (REGIONS, CROPS, CLIP_CROPS):
            raise ValueError(f"view must be {REGIONS}, {CROPS} or {CLIP_CROPS}, not {view!r}")
        check_counts(photos=photos, chunk=chunk)
        self.version = f"1-{checkpoint_version(folder)}"
        model = cast(RClip, shared_model(folder, "rclip", device=device, dtype=dtype))
        self._predictor = RegionPredictor(model, image_chunk=photos, box_chunk=chunk, text_chunk=chunk)
        self._photos = photos
        self._prompt = Prompt(prompt)
        self._view: View = (
            RegionView(self._predictor)
            if view == REGIONS
            else CropView(self._predictor, chunk=chunk, clip_embedding=view == CLIP_CROPS)
        )

    def match(
        self,
        images: Sequence[Photo],
        boxes: Sequence[Floats],
        shared: Sequence[Sequence[Candidate]],
        own: Sequence[Sequence[Sequence[Candidate]]],
    ) -> list[Scores]:
        scores: list[Scores] = []
        for start in range(0, len(images), self._photos):
            part = slice(start, start + self._photos)
            embedded = self._view.embed(images[part], boxes[part])
            for regions, photo_shared, photo_own in zip(embedded, shared[part], own[part], strict=True):
                texts = proposed_texts(photo_shared, photo_own)
                columns = self._predictor.embed_texts(self._prompt(texts)).T
                logits = self._predictor.scale * regions @ columns
                scores.append(scores_of(logits, texts, photo_shared, photo_own))
        return scores
