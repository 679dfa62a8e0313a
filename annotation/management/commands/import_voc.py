"""`manage.py import_voc --project SLUG --annotations DIR [--images DIR]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotation.management.import_commands import ImportCommand, add_annotation_arguments, annotation_fields


class Command(ImportCommand):
    format = "voc"
    help = (
        "Brings in Pascal VOC: one XML file per photo. Without --images, photos are found in the project by file name."
    )

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--annotations", type=Path, nargs="+", required=True, metavar="DIR", help="XML files or folders"
        )
        parser.add_argument(
            "--zero-based", action="store_true",
            help="count pixels from 0, xmax exclusive, as some tools write it; Pascal VOC itself counts from 1",
        )  # fmt: skip
        add_annotation_arguments(parser, photos="folder of the photos that the files name")

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "annotations": tuple(options["annotations"]),
            "one_based": not options["zero_based"],
            **annotation_fields(options),
        }
