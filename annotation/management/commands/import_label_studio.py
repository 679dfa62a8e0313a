"""`manage.py import_label_studio --project SLUG --annotations FILE [--images DIR | --download]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotation.management.import_commands import ImportCommand, add_annotation_arguments, annotation_fields


class Command(ImportCommand):
    format = "label_studio"
    help = (
        "Brings in Label Studio's JSON export: rectangles, labels, choices per region, texts. "
        "Without --images and --download, photos are found in the project by file name."
    )

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--annotations", type=Path, nargs="+", required=True, metavar="FILE", help="JSON export")
        parser.add_argument("--download", action="store_true", help="fetch photos from the addresses in the file")
        add_annotation_arguments(parser, photos="folder of the photos")

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "annotations": tuple(options["annotations"]),
            "download": options["download"],
            **annotation_fields(options),
        }
