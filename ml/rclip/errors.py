"""What can be wrong with an R-CLIP's configuration, files or input."""

from __future__ import annotations


class RClipError(ValueError):
    """The text names the field, file or size, and says what it should be."""
