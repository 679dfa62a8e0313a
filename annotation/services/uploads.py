"""Files that people upload: streamed to a folder of their own under the data folder, names made safe.

The folder lives as long as the import that reads it (annotation/services/imports.py removes it).
"""

import secrets
import shutil
import unicodedata
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from annotation.pipeline.concepts import display_text

MAX_NAME = 180  # characters, so that no file system refuses the name in UTF-8


def uploads_root() -> Path:
    return Path(settings.ARGUS_DATA_DIR) / "uploads"


def make_upload_folder() -> Path:
    """A new, empty folder that nobody else writes to."""
    folder = uploads_root() / secrets.token_hex(8)
    folder.mkdir(parents=True)
    return folder


def drop_upload_folder(folder: Path) -> None:
    """Remove an upload folder and all in it; anything else is refused. Idempotent."""
    if folder.resolve().parent != uploads_root().resolve():
        raise ValueError(f"{folder} is no upload folder")
    shutil.rmtree(folder, ignore_errors=True)


def safe_name(name: str) -> str:
    """The last part of a file name as it may lie on our disk: no folders, no control characters, not hidden.

    Keeps the suffix, because formats are told apart by it.
    """
    last = PurePosixPath(display_text(name[-4000:]).replace("\\", "/")).name
    last = unicodedata.normalize("NFC", last).translate({ord(char): "_" for char in '<>:"|?*'}).lstrip(".")
    path = PurePosixPath(last or "file")
    suffix = path.suffix[:20]
    while len((path.stem + suffix).encode()) > MAX_NAME:
        path = PurePosixPath(path.stem[:-1] + suffix)
    return path.name


class FolderUploadHandler(FileUploadHandler):
    """Writes each file of a form straight into `folder / name of its field`, a chunk at a time.

    A second file of the same name becomes "name (2)". What the form offers as a file has `path`.
    """

    chunk_size = 2**18

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._path: Path | None = None
        self._stream: IO[bytes] | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        below = self.folder / safe_name(self.field_name or "file")
        below.mkdir(exist_ok=True)
        self._path = _free_path(below / safe_name(self.file_name or "file"))
        self._stream = self._path.open("xb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._stream is not None:
            self._stream.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        if self._stream is None or self._path is None:
            return None
        self._stream.close()
        return StoredUpload(self._path, size=file_size, content_type=self.content_type)

    def upload_interrupted(self) -> None:
        if self._stream is not None:
            self._stream.close()


class StoredUpload(UploadedFile):  # type: ignore[type-arg]  # generic only in the stubs
    """A file of a form that lies at `path` already."""

    def __init__(self, path: Path, *, size: int, content_type: str | None) -> None:
        super().__init__(file=None, name=path.name, content_type=content_type, size=size)
        self.path = path

    def close(self) -> None:
        """Nothing is held open."""


def _free_path(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free
