"""`manage.py import_yolo --project SLUG --images DIR --names data.yaml [--labels DIR]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotation.management.import_commands import ImportCommand, add_annotation_arguments, annotation_fields


class Command(ImportCommand):
    format = "yolo"
    help = "Brings in photos with YOLO labels: one text file per photo, beside it, under labels/, or below --labels."

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--names", type=Path, required=True, metavar="FILE", help="data.yaml, or one name a line")
        parser.add_argument("--labels", type=Path, metavar="DIR", help="folder of the label files")
        add_annotation_arguments(parser, photos="folder of the photos (required)")

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        labels = (options["labels"],) if options["labels"] else ()
        return {"names": options["names"], "annotations": labels, **annotation_fields(options)}
