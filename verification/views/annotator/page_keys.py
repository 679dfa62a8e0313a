"""Where the next page of a person's own list begins: a number in the address that tells nothing of other people's work.

The keys of these lists count what everybody did; they leave the house only concealed.
"""

from django.utils.translation import gettext as _

from verification.services.concealment import LARGEST, PAGE, conceal, reveal
from webapp.core.errors import BadInput
from webapp.projects.access import ProjectRequest


def read_before(request: ProjectRequest) -> int | None:
    """The key in the address, None on the first page. Raises BadInput."""
    text = request.GET.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text) <= LARGEST):
        raise BadInput(_("“before” in the address must be the number of a page."))
    return reveal(int(text), PAGE)


def shown_before(before: int | None) -> int | None:
    """The key as it stands in the address."""
    return None if before is None else conceal(before, PAGE)
