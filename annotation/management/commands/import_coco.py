"""`manage.py import_coco --project SLUG --annotations FILE [--captions FILE] [--images DIR]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotation.management.import_commands import ImportCommand, add_annotation_arguments, annotation_fields


class Command(ImportCommand):
    help = (
        "Brings in COCO instances, captions and detection results, LVIS, and SA-1B (a folder of JSON files), with or "
        "without the photos themselves. Without --images and --download, photos are found in the project by file name."
    )

    def add_input_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--annotations", type=Path, nargs="+", required=True, metavar="FILE", help="JSON files")
        parser.add_argument("--captions", type=Path, nargs="+", default=[], metavar="FILE", help="captions JSON files")
        parser.add_argument(
            "--reference", type=Path, nargs="+", default=[], metavar="FILE",
            help="files that name photos and categories of detection results; their boxes are not imported",
        )  # fmt: skip
        parser.add_argument("--format", choices=["coco", "lvis", "sa1b"], default="coco", help="default: coco")
        parser.add_argument("--download", action="store_true", help="fetch photos from the addresses in the files")
        add_annotation_arguments(parser, photos="folder of the photos that the files name")

    def import_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "annotations": (*options["annotations"], *options["captions"]),
            "reference": tuple(options["reference"]),
            "download": options["download"],
            **annotation_fields(options),
        }
