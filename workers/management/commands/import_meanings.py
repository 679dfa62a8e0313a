"""`manage.py import_meanings FILE | --wordnet [--replace]`: what tags mean, many at a time (docs/people.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.importers.meanings import read_meanings
from annotation.services.meanings import Imported, import_meanings
from webapp.core.errors import ArgusError
from workers.glosses import write_glosses


class Command(BaseCommand):
    help = "Say what tags mean, from a list or from WordNet. All projects share the meanings, as they share the tags."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", type=Path, help="CSV with the columns name and meaning, or .jsonl")
        what.add_argument("--wordnet", action="store_true", help="the glosses of WordNet 3.0 that ship with Argus")
        parser.add_argument("--replace", action="store_true", help="also where a tag has another meaning already")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["wordnet"]:
                done = write_glosses(replace=options["replace"])
            else:
                done = import_meanings(read_meanings(options["file"]), replace=options["replace"])
        except ArgusError as error:
            raise CommandError(
                f"{error.message} What stood before it may be done; run it again, nothing doubles."
            ) from error
        self._tell(done)

    def _tell(self, done: Imported) -> None:
        self.stdout.write(
            f"{done.written} meanings written, {done.unchanged} stood there already, {done.kept} tags kept theirs, "
            f"{done.unknown} names are no tags here, {done.refused} meanings are empty or too long."
        )
        if done.names:
            self.stdout.write("Left out, the first of them: " + "; ".join(done.names))
