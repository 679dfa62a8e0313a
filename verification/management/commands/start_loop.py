"""`manage.py start_loop --project SLUG`: begin the project's next loop; the workers do the rest."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.pipeline.loop_configs import SamplingConfig
from verification.services.loops import start_loop
from webapp.core.errors import ArgusError
from webapp.projects.models import Project


class Command(BaseCommand):
    help = "Begin the project's next loop. Workers carry it out; see its page, or use run_pipeline to run it here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="the project's address, as in /p/ADDRESS/")
        parser.add_argument("--budget", type=int, help="items to send to people (default: what the quotas ask for)")
        parser.add_argument("--seed", type=int, help="of the random draw (default: random)")
        parser.add_argument("--first-images", type=int, help="draw from this many photos only, in order of import")
        parser.add_argument("--min-frequency", type=int, help="leave out concepts that fewer regions have")
        parser.add_argument("--max-concepts", type=int, help="only so many concepts, the most frequent")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project with the address {options['project']!r}.")
        names = ("budget", "seed", "first_images", "min_frequency", "max_concepts")
        given = {name: options[name] for name in names if options[name] is not None}
        try:
            loop = start_loop(project=project, user=None, sampling=SamplingConfig.model_validate(given))
        except ArgusError as error:
            raise CommandError(error.message) from error
        except ValueError as error:
            raise CommandError(f"These settings do not fit: {error}") from error
        self.stdout.write(f"Loop {loop.number} of {project} has begun.")
