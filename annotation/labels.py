"""What roles and size classes are called on pages, and the names under which addresses mention them."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.pipeline.cleaning import LOWER_BOUNDS, SizeClass
from annotation.pipeline.roles import Role

ROLE_LABELS: Final[dict[Role, Promise]] = {
    Role.SPOTTER: _("spotter"),
    Role.OCR: _("OCR"),
    Role.IMAGINATOR: _("imaginator"),
    Role.SPLITTER: _("splitter"),
    Role.MAGNIFIER: _("magnifier"),
    Role.CLASS_AGNOSTIC: _("class-agnostic"),
    Role.DETECTOR: _("detector"),
    Role.GROUNDING: _("grounding"),
    Role.IMPORTED: _("imported"),
    Role.HUMAN: _("person"),
}

SIZE_LABELS: Final[dict[SizeClass, Promise]] = {
    SizeClass.TINY: _("tiny"),
    SizeClass.SMALL: _("small"),
    SizeClass.MEDIUM: _("medium"),
    SizeClass.LARGE: _("large"),
    SizeClass.XLARGE: _("extra large"),
    SizeClass.HUGE: _("huge"),
}

# Spotter first, as in the masks. Class-agnostic sources propose boxes and no tags.
TAG_SOURCES: Final[dict[str, Role]] = {
    str(role.name).lower(): role for role in ROLE_LABELS if role is not Role.CLASS_AGNOSTIC
}
SIZES: Final[dict[str, SizeClass]] = {size.name.lower(): size for size in SizeClass}


def role_labels(mask: int) -> tuple[Promise, ...]:
    """Labels of the roles in a candidate's mask, lowest bit first; bits of a newer version are left out."""
    return tuple(label for role, label in ROLE_LABELS.items() if mask & role)


def size_label(width: float, height: float) -> Promise:
    """The size class of a region of `width` by `height` px of the original."""
    root = (width * height) ** 0.5
    return SIZE_LABELS[max(size for size in SizeClass if LOWER_BOUNDS[size] <= root)]
