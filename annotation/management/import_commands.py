"""What the import commands share: the project, progress on stderr, the summary, the list of problems, the exit code."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pydantic import ValidationError

from annotation.importers.options import ImportOptions
from annotation.models import ImportRun, ImportState
from annotation.selectors.imports import all_problems, import_progress, problems_page
from annotation.services.import_runner import run_import
from annotation.services.imports import cancel_import, start_import
from webapp.core.errors import ArgusError
from webapp.projects.models import Project

SHOWN_PROBLEMS = 20
SUMMARY = (
    ("images", "new photos"),
    ("already_there", "photos that were already there"),
    ("regions", "new regions"),
    ("regions_already_there", "regions that were already there"),
    ("captions", "new captions"),
    ("captions_already_there", "captions that were already there"),
    ("left_out", "annotations left out with their photo"),
    ("problems", "problems"),
)


class ImportCommand(BaseCommand):
    """Runs one import in the foreground. Exit code 1 only when nothing at all could be done."""

    format = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG", help="address (slug) of the project")
        parser.add_argument("--licence", default="", help="licence of the photos, where the files name none")
        parser.add_argument("--source", default="", help="where the photos come from, in words")
        parser.add_argument("--problems", type=Path, metavar="FILE", help="write every problem there, one JSON a line")
        self.add_input_arguments(parser)

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        """Arguments that say what is read."""
        raise NotImplementedError

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Fields of ImportOptions, from the parsed arguments."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = Project.objects.get(slug=options["project"])
        except Project.DoesNotExist as error:
            raise CommandError(f"There is no project with the address “{options['project']}”.") from error
        about = {"licence": options["licence"], "source": options["source"]}
        try:
            chosen = ImportOptions(**self.import_options(options), **about)
            kind = options.get("format") or self.format
            run = start_import(project=project, user=None, format=kind, options=chosen, trusted=True, send=False)
        except (ValidationError, ArgusError) as error:
            raise CommandError(str(error)) from error
        finished = self._run(run)
        self._report(finished, options["problems"])
        if finished.state == ImportState.FAILED:
            raise CommandError(finished.error, returncode=1)

    def _run(self, run: ImportRun) -> ImportRun:
        progress = ProgressLine(self.stderr)
        try:
            finished = run_import(run.pk, on_progress=progress)
        except KeyboardInterrupt:
            cancel_import(run_id=run.pk)
            progress.end()
            raise CommandError(
                "Stopped. What was imported so far stays; run it again to go on.", returncode=130
            ) from None
        progress.end()
        return finished or run

    def _report(self, run: ImportRun, problems_file: Path | None) -> None:
        counts = import_progress(run).counts
        parts = [f"{counts[name]:,} {label}" for name, label in SUMMARY if counts[name] or name == "problems"]
        self.stdout.write(f"Import {run.pk}: " + ", ".join(parts) + ".")
        if problems_file is not None:
            with problems_file.open("w", encoding="utf-8") as out:
                for problem in all_problems(run_id=run.pk):
                    row = {"file": problem.file, "item": problem.item, "code": problem.code, "message": problem.message}
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
        shown, more = problems_page(run_id=run.pk, limit=SHOWN_PROBLEMS)
        for problem in shown:
            self.stderr.write(f"{problem.file}{' ' if problem.item else ''}{problem.item}: {problem.message}")
        if more is not None:
            hint = f"they are all in {problems_file}" if problems_file else "use --problems FILE for all"
            self.stderr.write(f"… and {counts['problems'] - len(shown):,} more; {hint}.")


class ProgressLine:
    """One line that is rewritten on a terminal; a line now and then elsewhere."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._tty = sys.stderr.isatty()
        self._last = 0.0
        self._open = False

    def __call__(self, run: ImportRun) -> None:
        if time.monotonic() - self._last < (0.5 if self._tty else 10.0):
            return
        self._last = time.monotonic()
        progress = import_progress(run)
        share = f" ({progress.percent} %)" if progress.percent is not None else ""
        text = f"{progress.done:,} of {progress.total or '?':,}{share}" if progress.total else f"{progress.done:,}"
        self._open = self._tty
        self._out.write(("\r" if self._tty else "") + text + " ", ending="" if self._tty else "\n")

    def end(self) -> None:
        if self._open:
            self._out.write("")


def add_annotation_arguments(parser: ArgumentParser, *, photos: str) -> None:
    """Arguments of the formats that carry annotations."""
    parser.add_argument("--images", type=Path, metavar="DIR", help=photos)
    parser.add_argument("--producer", default="", help="who made the annotations (default: the name of the format)")
    parser.add_argument("--made-version", dest="version_of", default="", help="which version of that producer")
    parser.add_argument("--no-masks", action="store_true", help="keep boxes only, not their masks and outlines")


def annotation_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Fields of ImportOptions for the arguments of `add_annotation_arguments`."""
    return {
        "images": options["images"],
        "producer": options["producer"],
        "version": options["version_of"],
        "masks": not options["no_masks"],
    }
