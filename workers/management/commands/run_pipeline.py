"""`manage.py run_pipeline --project SLUG`: annotate a project's photos in this terminal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models import Loop, LoopState, StageFailure
from verification.services.loops import annotate_new_photos, retry_loop, start_loop
from webapp.core.errors import ArgusError
from webapp.projects.models import Project
from workers.foreground import run_loop

SHOWN_FAILURES = 10


class Command(BaseCommand):
    help = "Run the automatic stages of a project's loop here, until it is finished or people are asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="the project's address, as in /p/ADDRESS/")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--loop", type=int, help="a loop by number; default: the running one, else a new one")
        which.add_argument(
            "--new-photos", action="store_true", help="annotate only the photos that came in since the last time"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project with the address {options['project']!r}.")
        try:
            if options["new_photos"]:
                loop = annotate_new_photos(project=project, user=None)
            else:
                loop = self._loop(project, options["loop"])
            self.stdout.write(f"Loop {loop.number} of {project}:")
            loop = run_loop(loop.pk, say=self.stdout.write)
        except ArgusError as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. What is done is kept; the same command goes on from there.") from None
        self._report(loop)

    def _loop(self, project: Project, number: int | None) -> Loop:
        loops = Loop.objects.filter(project=project)
        if number is None:
            return loops.filter(state=LoopState.RUNNING).first() or start_loop(project=project, user=None)
        loop = loops.filter(number=number).first()
        if loop is None:
            known = ", ".join(str(found.number) for found in loops) or "none yet"
            raise CommandError(f"The project has no loop {number}. Its loops: {known}.")
        if loop.state == LoopState.FAILED:
            retry_loop(loop=loop, user=None)
        return loop

    def _report(self, loop: Loop) -> None:
        failures = StageFailure.objects.filter(stage_run__loop=loop).select_related("stage_run")
        for failure in failures.order_by("pk")[:SHOWN_FAILURES]:
            self.stderr.write(f"Photo {failure.image_id}, {failure.stage_run.get_stage_display()}: {failure.reason}")
        if (count := failures.count()) > SHOWN_FAILURES:
            self.stderr.write(f"… and {count - SHOWN_FAILURES} more photos.")
        if loop.state == LoopState.FAILED:
            raise CommandError(f"Loop {loop.number} failed. {loop.error}")
        state = "Now people are asked" if loop.state == LoopState.RUNNING else loop.get_state_display()
        self.stdout.write(f"Loop {loop.number}: {state}.")
