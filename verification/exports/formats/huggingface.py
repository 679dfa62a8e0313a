"""A Hugging Face dataset folder as a zip: Parquet below `data/`, and a card that describes it. Pure; needs pyarrow.

Unpacked, `datasets.load_dataset("FOLDER")` reads it without a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import yaml

from verification.exports.formats.columns import dataset_features
from verification.exports.formats.parquet import ParquetRows
from verification.exports.formats.spools import CheckedSpool
from verification.exports.formats.writing import Line, Setting
from verification.exports.zips import ZipStream

DATA: Final = "data/train-00000-of-00001.parquet"
_HOLDS: Final = {
    "tags": "Verified regions of photos with the tags people accepted and rejected.",
    "regions": "Verified regions of photos with their tag, question-answer pairs and a caption.",
    "qa": "Question-answer pairs about regions of photos, verified by people.",
    "captions": "Captions of regions of photos; people verified all answers that each was made from.",
}
_CARD: Final = """\
---
{about}---

# {project}

{holds}

Exported by Argus {version}; it shows {taken_at}. `bbox` is x1, y1, x2, y2 in pixels of the upright photo (rotated as
EXIF says), x2 and y2 exclusive. Photos are not in it: `image` holds address, digest and licence of each.
"""


class HuggingFaceFolder:
    """Implements `Writer`."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._zip = ZipStream(setting.sink, setting.spool)
        self._data = CheckedSpool(setting.spool())
        self._rows = ParquetRows(self._data, setting.kind)
        self._count = 0

    def write(self, lines: Sequence[Line]) -> None:
        self._rows.write([line.record for line in lines])
        self._count += len(lines)

    def finish(self) -> None:
        self._rows.finish()
        with self._data as data:
            size = data.size
            data.add_to(self._zip, DATA)
        self._zip.add("README.md", self._card(size).encode())
        self._zip.close()

    def _card(self, size: int) -> str:
        setting = self._setting
        about = {
            "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}],
            "dataset_info": {
                "features": dataset_features(setting.kind),
                "splits": [{"name": "train", "num_bytes": size, "num_examples": self._count}],
                "download_size": size,
                "dataset_size": size,
            },
        }
        return _CARD.format(
            about=yaml.safe_dump(about, sort_keys=False, allow_unicode=True),
            project=" ".join(setting.project.split()),
            holds=_HOLDS[setting.kind],
            version=setting.version,
            taken_at=setting.taken_at.isoformat(timespec="seconds"),
        )
