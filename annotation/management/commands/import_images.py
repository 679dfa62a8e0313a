"""`manage.py import_images --project SLUG (--folder DIR | --urls FILE)`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotation.management.import_commands import ImportCommand


class Command(ImportCommand):
    help = (
        "Brings photos into a project: a folder with its subfolders, or a file with one address a line. "
        "Photos that the project has already are left as they are; a bad file is listed and the rest goes on."
    )

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        given = parser.add_mutually_exclusive_group(required=True)
        given.add_argument("--folder", type=Path, metavar="DIR", help="folder of photos")
        given.add_argument("--urls", type=Path, metavar="FILE", help="text file of http and https addresses")

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        self.format = "folder" if options["folder"] else "urls"
        return {"images": options["folder"], "urls": options["urls"]}
