"""Forms that start imports. Each one's `options` are what the importers read (annotation/importers/options.py)."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.importers.options import ImportOptions
from annotation.importers.paths import FOREIGN_SUFFIXES, PHOTO_SUFFIXES
from annotation.services.uploads import StoredUpload

PHOTOS_ONLY = "folder"
# In the words of those who have such files.
FORMATS: list[tuple[str, Any]] = [
    (PHOTOS_ONLY, gettext_lazy("Photos only")),
    ("coco", gettext_lazy("COCO: instances, captions or results (JSON)")),
    ("lvis", gettext_lazy("LVIS (JSON)")),
    ("sa1b", gettext_lazy("SA-1B: masks (JSON)")),
    ("yolo", gettext_lazy("YOLO: one text file per photo")),
    ("voc", gettext_lazy("Pascal VOC (XML)")),
    ("label_studio", gettext_lazy("Label Studio (JSON)")),
]
MOST_ADDRESSES = 10_000
MOST_NAMED = 5


class AboutForm(forms.Form):
    """What is known about the photos: shown beside them and written into exports."""

    licence = forms.CharField(label=gettext_lazy("Licence"), required=False, max_length=100)
    source = forms.CharField(label=gettext_lazy("Source"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    def about(self, **more: Any) -> ImportOptions:
        """Options with licence and source, and `more`."""
        return ImportOptions(licence=self.cleaned_data["licence"], source=self.cleaned_data["source"], **more)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Any number of files; cleans to a list."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[StoredUpload]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [file for file in files if isinstance(file, StoredUpload)]


class UploadForm(AboutForm):
    """Photos, annotation files, or both. Annotations alone are for photos that the project has."""

    photos = ManyFilesField(
        label=gettext_lazy("Photos"),
        required=False,
        help_text=gettext_lazy("JPEG, PNG, WebP, GIF, BMP or TIFF."),
        widget=ManyFiles(attrs={"accept": ",".join(sorted(PHOTO_SUFFIXES))}),
    )
    format = forms.ChoiceField(label=gettext_lazy("Annotations"), choices=FORMATS, initial=PHOTOS_ONLY)
    annotations = ManyFilesField(
        label=gettext_lazy("Annotation files"),
        required=False,
        help_text=gettext_lazy("Boxes, masks or captions that exist already. They are matched to photos by file name."),
    )
    names = forms.FileField(
        label=gettext_lazy("Class names"),
        required=False,
        help_text=gettext_lazy("Only for YOLO: a text file with one name a line, or its data.yaml."),
    )
    producer = forms.CharField(
        label=gettext_lazy("Made by"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Who or what made the annotations, such as a person, a data set or a model."),
    )
    field_order = ["photos", "format", "annotations", "names", "producer", "licence", "source"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        photos, annotations, kind = data.get("photos", []), data.get("annotations", []), data.get("format")
        if kind == PHOTOS_ONLY:
            if annotations:
                self.add_error("format", _("Choose the format of the annotation files."))
            elif not photos:
                self.add_error("photos", _("Choose at least one photo."))
        elif kind and not annotations:
            self.add_error("annotations", _("Choose the annotation files, or “Photos only” above."))
        if kind == "yolo":
            if not photos:
                self.add_error("photos", _("YOLO counts in parts of the photo, so the photos must come along."))
            if not data.get("names"):
                self.add_error("names", _("YOLO files number their classes. Add the file with their names."))
        if photos and not any(_is_photo(file) for file in photos):
            self.add_error("photos", _("None of these files is a photo."))
        return data

    def left_out(self) -> str:
        """A sentence about the chosen files that are no photos; "" when all are."""
        strange = [file.name or "" for file in self.cleaned_data["photos"] if not _is_photo(file)]
        if not strange:
            return ""
        sentence = ngettext(
            "%(count)d file is no photo and was left out: %(names)s.",
            "%(count)d files are no photos and were left out: %(names)s.",
            len(strange),
        )
        shown = ", ".join(strange[:MOST_NAMED]) + (", …" if len(strange) > MOST_NAMED else "")
        return sentence % {"count": len(strange), "names": shown}

    def options(self) -> ImportOptions:
        photos: list[StoredUpload] = self.cleaned_data["photos"]
        annotations: list[StoredUpload] = self.cleaned_data["annotations"]
        names: StoredUpload | None = self.cleaned_data["names"]
        return self.about(
            images=photos[0].path.parent if photos else None,
            annotations=tuple(_annotation_paths(self.cleaned_data["format"], annotations)),
            names=names.path if names else None,
            producer=self.cleaned_data["producer"],
        )


class AddressesForm(AboutForm):
    """Photos by their addresses, one a line."""

    addresses = forms.CharField(
        label=gettext_lazy("Addresses"),
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "placeholder": "https://example.org/photo.jpg", "dir": "ltr"}
        ),
        help_text=gettext_lazy("One a line. Only public http and https addresses are fetched."),
    )
    field_order = ["addresses", "licence", "source"]

    def clean_addresses(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["addresses"].splitlines()]
        addresses = list(dict.fromkeys(line for line in lines if line))
        if len(addresses) > MOST_ADDRESSES:
            raise forms.ValidationError(
                _("At most %(most)s addresses at once. Put more into a file and use the command import_images."),
                params={"most": MOST_ADDRESSES},
            )
        for number, line in enumerate(lines, start=1):
            if line and not line.lower().startswith(("http://", "https://")):
                raise forms.ValidationError(
                    _("Line %(number)s does not begin with http:// or https://: %(line)s"),
                    params={"number": number, "line": line[:80]},
                )
        return addresses

    def options(self, file: Path) -> ImportOptions:
        """`file` is where the addresses were written, one a line."""
        return self.about(urls=file)


class FolderForm(AboutForm):
    """A folder of the server, below one of the roots that the site's settings name."""

    root = forms.ChoiceField(label=gettext_lazy("Folder"))
    below = forms.CharField(
        label=gettext_lazy("Folder inside it"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Leave it empty for the whole folder, with all folders in it."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "dir": "ltr"}),
    )
    field_order = ["root", "below", "licence", "source"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roots = [(str(number), str(root)) for number, root in enumerate(settings.ARGUS_IMPORT_ROOTS)]
        self.fields["root"].choices = roots  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "root" in data and "below" in data:
            root: Path = settings.ARGUS_IMPORT_ROOTS[int(data["root"])]
            folder = _inside(root, data["below"])
            if folder is None:
                self.add_error("below", _("There is no such folder inside %(root)s.") % {"root": root})
            data["folder"] = folder
        return data

    def options(self) -> ImportOptions:
        return self.about(images=self.cleaned_data["folder"])


def _inside(root: Path, below: str) -> Path | None:
    """The folder if it exists inside `root`, links resolved."""
    if "\0" in below:
        return None
    try:
        folder = (root / below.strip().lstrip("/")).resolve()
        return folder if folder.is_relative_to(root.resolve()) and folder.is_dir() else None
    except (OSError, RuntimeError):
        return None


def _is_photo(file: StoredUpload) -> bool:
    return file.path.suffix.lower() in PHOTO_SUFFIXES | FOREIGN_SUFFIXES


def _annotation_paths(kind: str, files: list[StoredUpload]) -> list[Path]:
    """YOLO and VOC have a file per photo and are read by folder."""
    paths = [file.path for file in files]
    return [paths[0].parent] if paths and kind in {"yolo", "voc"} else paths
