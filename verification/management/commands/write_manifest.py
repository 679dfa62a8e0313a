"""`manage.py write_manifest PROJECT --out FILE [--loop N]`: verified data as a training manifest."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from verification.services.export_choices import wanted_export
from verification.services.manifests import Told, write_manifest
from webapp.core.errors import ArgusError
from webapp.projects.models import Project

SECONDS_BETWEEN_LINES = 1.0


class Command(BaseCommand):
    help = "Write what people verified as a training manifest (docs/training.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="as in its address: /p/PROJECT/")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")
        parser.add_argument("--loop", type=int, metavar="N", help="only what was last judged in loop N; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']}.")
        target: Path = options["out"]
        if target.is_dir() or not target.parent.is_dir():
            raise CommandError(f"{target} is no file in a folder that exists.")
        try:
            wanted = wanted_export(project=project, kind="tags", loop=options["loop"])
            manifest, told = write_manifest(
                project=project, target=target, filters=wanted.filters, report=self._reporter()
            )
        except ArgusError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror or error}.") from error
        self.stdout.write(
            f"{told.records:,} records: {told.regions:,} regions with tags, {told.pairs:,} pairs. "
            f"Left out: {told.audited:,} audited regions, {told.without_file:,} without a stored photo."
        )
        self.stdout.write(f"sha256 {manifest.sha256}")
        self.stdout.write(f"Train with: --images {settings.MEDIA_ROOT}")

    def _reporter(self) -> Any:
        last = time.monotonic()

        def report(told: Told) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self.stderr.write(f"{told.records:,} records", self.style.NOTICE)

        return report
