"""A list of addresses: a text file with one a line; `#` starts a comment line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from annotation.importers.lines import bounded_lines
from annotation.importers.options import ImportOptions
from annotation.importers.records import ImageRecord, Problem, Record
from annotation.importers.seen import SeenKeys
from annotation.pipeline.concepts import display_text

MAX_ADDRESS = 4096


def read(options: ImportOptions) -> Iterator[Record]:
    """One ImageRecord per address, keyed by it. Whether the address may be fetched is decided when it is."""
    path = options.urls
    if path is None or not path.is_file():
        yield Problem(str(path or ""), "", "missing_file", "The file does not exist.")
        return
    seen = SeenKeys()
    for number, line in bounded_lines(path):
        item = f"line {number}"
        if line is None:
            yield Problem(path.name, item, "too_long", "The line is longer than 1 MB and was passed over.")
            continue
        url = line.strip()
        if not url or url.startswith("#"):
            continue
        if len(url) > MAX_ADDRESS:
            yield Problem(path.name, item, "too_long", f"The address is longer than {MAX_ADDRESS} characters.")
        elif not seen.add(url):
            yield Problem(path.name, item, "duplicate", "The same address stands further up.")
        else:
            yield ImageRecord(
                key=url, name=name_of(url), file=path.name, url=url, licence=options.licence, source=options.source
            )


def name_of(url: str) -> str:
    """The file name an address suggests, else its host."""
    try:
        parts = urlsplit(url)
        return display_text(PurePosixPath(unquote(parts.path)).name) or display_text(parts.hostname or url)
    except ValueError:
        return display_text(url)[:100]


def count(options: ImportOptions) -> int:
    """How many lines hold an address."""
    if options.urls is None or not options.urls.is_file():
        return 0
    return sum(1 for _, line in bounded_lines(options.urls) if line is None or line.strip()[:1] not in ("", "#"))
