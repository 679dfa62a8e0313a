"""`manage.py export --project P --kind tags --format jsonl --out FILE`: verified data, in the foreground."""

import sys
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from verification.exports.filters import SIZES, SOURCES
from verification.models import ExportFormat, ExportKind
from verification.services.export_choices import wanted_export
from verification.services.export_files import (
    META_SUFFIX,
    Progress,
    Wanted,
    Written,
    meta_of,
    refuse_outdated,
    write_export,
)
from verification.services.files import partial_file
from webapp.core.errors import ArgusError
from webapp.projects.models import Project

SECONDS_BETWEEN_LINES = 1.0


class Command(BaseCommand):
    help = "Write a project's verified data to a file (docs/export-format.md), beside it FILE.meta.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="P", help="the project, as in its address: /p/P/")
        parser.add_argument("--kind", default=ExportKind.TAGS.value, choices=ExportKind.values)
        parser.add_argument("--out", required=True, metavar="FILE", help="- for the standard output")
        parser.add_argument("--format", default=ExportFormat.JSONL.value, choices=ExportFormat.values)
        parser.add_argument("--with-photos", action="store_true", help="put the photos into the file (yolo)")
        parser.add_argument("--loop", type=int, metavar="N", help="only what was last judged in loop N")
        parser.add_argument("--tag", action="append", default=[], metavar="TEXT", help="only this tag; may be repeated")
        parser.add_argument("--size", action="append", default=[], choices=list(SIZES), help="may be repeated")
        parser.add_argument(
            "--source", action="append", default=[], choices=list(SOURCES), help="who proposed the tag; may be repeated"
        )
        parser.add_argument(
            "--since", type=date.fromisoformat, metavar="DAY", help="last judged on that day or later, UTC"
        )
        parser.add_argument(
            "--until", type=date.fromisoformat, metavar="DAY", help="last judged on that day or earlier"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = _wanted(options)
            written = self._to_stdout(wanted) if options["out"] == "-" else self._to_file(wanted, Path(options["out"]))
        except ArgusError as error:
            raise CommandError(error.message) from error
        except BrokenPipeError:
            raise SystemExit(141) from None  # as the shell reports a program whose reader has left
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error.strerror or error}.") from error
        self._say(_summary(wanted, written))

    def _to_stdout(self, wanted: Wanted) -> Written:
        written = write_export(wanted, sys.stdout.buffer, self._reporter())
        sys.stdout.buffer.flush()
        refuse_outdated(wanted, written)
        return written

    def _to_file(self, wanted: Wanted, target: Path) -> Written:
        if target.is_dir():
            raise CommandError(f"{target} is a folder. Name a file in it.")
        if not target.parent.is_dir():
            raise CommandError(f"There is no folder {target.parent}. Make it first.")
        with partial_file(target) as file:
            written = write_export(wanted, file, self._reporter(), folder=target.parent)
            file.sync()
            refuse_outdated(wanted, written)
            meta = meta_of(wanted, written, sha256=file.sha256, size=file.size)
            target.with_name(target.name + META_SUFFIX).write_bytes(meta)
            file.publish()
        return written

    def _reporter(self) -> Any:
        last = time.monotonic()

        def report(progress: Progress) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self._say(f"{progress.items_done:,} of {progress.items_total:,} items, {progress.lines:,} lines")

        return report

    def _say(self, message: str) -> None:
        """To the standard error, so that `--out -` can be piped."""
        self.stderr.write(message, self.style.NOTICE)
        self.stderr.flush()


def _wanted(options: dict[str, Any]) -> Wanted:
    wanted = wanted_export(
        project=_project(options["project"]),
        kind=options["kind"],
        format=options["format"],
        with_photos=options["with_photos"],
        loop=options["loop"],
        concepts=options["tag"],
        sizes=options["size"],
        sources=options["source"],
        since=options["since"],
        until=options["until"],
    )
    if not wanted.file_format.is_installed:
        raise CommandError(
            f"{wanted.format} needs the package {wanted.file_format.needs}, which is not installed here. "
            "Install Argus with its extra “worker”: pip install -e '.[worker]'."
        )
    return wanted


def _project(slug: str) -> Project:
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        slugs = Project.objects.order_by("slug").values_list("slug", flat=True)
        known = ", ".join(slugs[:50]) or "none yet"
        raise CommandError(f"There is no project {slug}. Projects: {known}.")
    return project


def _summary(wanted: Wanted, written: Written) -> str:
    if written.lines:
        tail = f", {written.without_tag:,} of them without a right tag" if written.without_tag else ""
        return f"{written.lines:,} records{tail}."
    if wanted.project.review_required:
        return (
            "Nothing is verified: this project counts only what experts have reviewed. "
            "The file is empty. Have the packages reviewed, or change that in the project's settings."
        )
    return (
        "Nothing is verified yet, so the file is empty. Regions are verified once all people of an item have judged it "
        f"and agree: start a loop and do its tag items at /p/{wanted.project.slug}/."
    )
