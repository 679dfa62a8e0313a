"""`manage.py import_sa1b --project SLUG --annotations DIR [--images DIR]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotation.management.import_commands import ImportCommand, add_annotation_arguments, annotation_fields


class Command(ImportCommand):
    format = "sa1b"
    help = "Brings in SA-1B (Segment Anything): one JSON file of masks per photo, the photo beside it or in --images."

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--annotations", type=Path, nargs="+", required=True, metavar="DIR", help="JSON files or folders"
        )
        add_annotation_arguments(parser, photos="folder of the photos (default: beside the JSON files)")

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"annotations": tuple(options["annotations"]), **annotation_fields(options)}
