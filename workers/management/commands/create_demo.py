"""`manage.py create_demo`: projects to try Argus with, and an account per role. `manage.py up` calls it at first."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.errors import ArgusError
from workers.demo.life import live
from workers.demo.projects import FRESH, TEAM, Account, annotate, has_accounts, make_accounts, make_project
from workers.glosses import write_glosses


class Command(BaseCommand):
    help = "Make the demo projects and their accounts; the passwords are printed once and kept nowhere."

    def handle(self, *args: Any, **options: Any) -> None:
        if has_accounts():
            self.stdout.write("The demo projects and their accounts exist already; nothing was changed.")
            return
        logging.disable(logging.INFO)  # the lines below say the same in fewer words
        try:
            fresh, team = (make_project(plan, self._say) for plan in (FRESH, TEAM))
            annotate(fresh, self._say)
            live(team, annotate(team, self._say, audited=True), self._say)
            self._say(f"{write_glosses().written} tags with their meanings from WordNet.")
            make_accounts([fresh, team], self._show)
        except ArgusError as error:
            raise CommandError(f"The demo could not be made. {error.message}") from error
        finally:
            logging.disable(logging.NOTSET)

    def _say(self, message: str) -> None:
        self.stdout.write(f"  {message}")

    def _show(self, accounts: list[Account]) -> None:
        header = Account("username", "password", "role")
        widths = [max(len(getattr(row, name)) for row in [header, *accounts]) for name in ("username", "password")]
        rows = [f"{row.username:<{widths[0]}}  {row.password:<{widths[1]}}  {row.role}" for row in accounts]
        line = "-" * max(map(len, rows))
        self.stdout.write("\nAccounts of the demo. The passwords are shown this once: write them down now.\n")
        self.stdout.write(f"{header.username:<{widths[0]}}  {header.password:<{widths[1]}}  {header.role}")
        self.stdout.write("\n".join([line, *rows, line]))
        self.stdout.flush()
