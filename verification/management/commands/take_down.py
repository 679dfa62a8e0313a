"""`manage.py take_down P --photo ID | --sha256 DIGEST | --words-of NAME --reason TEXT [--dry-run]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.services.removals import blacklist_photo
from verification.models import Takedown
from verification.selectors.takedowns import Touched, photo_touches, words_would_touch
from verification.services.takedowns import take_down_photo, take_down_words
from webapp.accounts.models import User
from webapp.core.errors import ArgusError
from webapp.projects.models import Project


class Command(BaseCommand):
    help = "Remove a photo, or what a person wrote, from pages, later exports and manifests (docs/takedown.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", metavar="P", help="the project, as in its address: /p/P/")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--photo", type=int, metavar="ID")
        what.add_argument("--sha256", metavar="DIGEST", help="of the photo's file; it need not be in the project")
        what.add_argument("--words-of", metavar="NAME", help="whatever this person wrote in the project")
        parser.add_argument("--reason", default="", help="who asked, and why: the record keeps it")
        parser.add_argument("--by", metavar="NAME", help="in whose name; nobody's by default")
        parser.add_argument(
            "--everywhere", action="store_true", help="with --sha256: in all projects, and in those to come"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what it would touch, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']}.")
        if options["everywhere"] and not options["sha256"]:
            raise CommandError("--everywhere needs --sha256: ids of photos differ from project to project.")
        try:
            if options["dry_run"]:
                self._tell(self._touched(project, options))
                return
            for takedown in self._take_down(project, options):
                self.stdout.write(f"Takedown {takedown.pk} in {takedown.project.slug}: {takedown.effect['counts']}.")
        except ArgusError as error:
            raise CommandError(error.message) from error

    def _touched(self, project: Project, options: dict[str, Any]) -> Touched:
        if options["words_of"]:
            return words_would_touch(project=project, writer=_person(options["words_of"]))
        return photo_touches(project=project, image_id=options["photo"], sha256=options["sha256"] or "")

    def _take_down(self, project: Project, options: dict[str, Any]) -> list[Takedown]:
        user = _person(options["by"]) if options["by"] else None
        reason = options["reason"]
        if options["words_of"]:
            writer = _person(options["words_of"])
            return [take_down_words(project=project, user=user, writer=writer, reason=reason)]
        projects = [project]
        if options["everywhere"]:
            projects = list(Project.objects.order_by("pk"))
        done = [
            take_down_photo(
                project=one, user=user, reason=reason, image_id=options["photo"], sha256=options["sha256"] or ""
            )
            for one in projects
        ]
        if options["everywhere"]:
            blacklist_photo(sha256=done[0].sha256, project_id=None)
        return done

    def _tell(self, touched: Touched) -> None:
        self.stdout.write(f"{touched.items} items, {touched.texts} written texts.")
        for name, found in (("Exports", touched.exports), ("Manifests", touched.manifests)):
            self.stdout.write(f"{name}: {', '.join(str(one) for one in found) or 'none'}.")
        names = ", ".join(one["name"] for one in touched.checkpoints) or "none"
        self.stdout.write(f"Checkpoints that learned from it: {names}.")


def _person(name: str) -> User:
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"There is nobody with the user name {name}.")
    return found
