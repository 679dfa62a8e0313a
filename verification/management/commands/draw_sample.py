"""`manage.py draw_sample --project SLUG`: draw the running loop's tag sample now, with another budget or seed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models import Loop, LoopState
from verification.models import Sample, TaskKind
from verification.services.loops import annotated_ancestor, config_of
from verification.services.samples import draw_tag_sample
from webapp.core.errors import ArgusError


class Command(BaseCommand):
    help = "Draw the tag sample of a project's running loop here, without waiting for a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="the project's address, as in /p/ADDRESS/")
        parser.add_argument("--budget", type=int, help="items in all (default: as the loop was started)")
        parser.add_argument("--seed", type=int, help="of the random draw (default: as the loop was started)")

    def handle(self, *args: Any, **options: Any) -> None:
        loop = Loop.objects.filter(project__slug=options["project"], state=LoopState.RUNNING).first()
        if loop is None:
            raise CommandError("No loop of this project is running. Begin one with: manage.py start_loop")
        if Sample.objects.filter(loop=loop, task_kind=TaskKind.TAG).exists():
            raise CommandError(f"Loop {loop.number} has its sample already; a loop asks people once.")
        try:
            sample = draw_tag_sample(
                loop=loop,
                annotated_loop=annotated_ancestor(loop),
                budget=options["budget"],
                seed=options["seed"],
                config=config_of(loop).sampling,
            )
        except ArgusError as error:
            raise CommandError(error.message) from error
        drawn = sample.config["drawn"]
        self.stdout.write(
            f"Drew {drawn['items']} regions of {drawn['concepts']} concepts, out of {drawn['regions']}, "
            f"with seed {sample.seed}."
        )
