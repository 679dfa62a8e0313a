"""`manage.py replay_takedowns [--journal FILE]`: after a restore, remove again what was taken down since the backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from verification.services.takedown_journal import journal_path
from verification.services.takedown_replays import replay_takedowns


class Command(BaseCommand):
    help = (
        "Do every takedown again, those that only the journal knows too (docs/takedown.md). Repeating it is harmless."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--journal", type=Path, metavar="FILE", help="default: takedowns.jsonl in the data folder")

    def handle(self, *args: Any, **options: Any) -> None:
        journal: Path = options["journal"] or journal_path()
        if options["journal"] and not journal.is_file():
            raise CommandError(f"There is no file {journal}.")
        replay = replay_takedowns(journal)
        self.stdout.write(
            f"{replay.repeated} takedowns done again, {replay.added} of them known to the journal alone; "
            f"{replay.unfinished} not complete yet."
        )
        for problem in replay.problems:
            self.stderr.write(problem)
        if replay.problems:
            raise CommandError("Not everything could be replayed; see above.")
