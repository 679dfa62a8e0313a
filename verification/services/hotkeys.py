"""A person's own keys for the work screens."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from verification.models import Hotkeys
from webapp.core.errors import BadInput

USUAL_KEYS = frozenset("123450zsvfgbtm+-")
"""Keys that can be exchanged for others. Enter, Escape and ? are what they are everywhere."""

POSSIBLE_KEYS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789,.;:+-*#[]<>=")
"""Never ? (the list), / and ' (search in Firefox), or anything that is typed with Ctrl, Alt or Meta."""


def choose_keys(*, user_id: int, keys: Mapping[str, str]) -> dict[str, str]:
    """Use these own keys (usual key -> own key) instead of the person's earlier ones; none gives the usual ones back.

    Returns what is kept. Raises BadInput: a key that cannot be used, or one that would then do two things.
    """
    chosen = {usual: own.lower() for usual, own in keys.items() if own.lower() != usual}
    if not set(chosen) <= USUAL_KEYS:
        raise BadInput(_("One of these keys cannot be changed. Load the page again."))
    for own in chosen.values():
        if own not in POSSIBLE_KEYS:
            raise BadInput(_("%(key)s cannot be used. Choose a letter, a digit or a sign.") % {"key": own})
    in_use = [chosen.get(usual, usual) for usual in USUAL_KEYS]
    twice = next((key for key in in_use if in_use.count(key) > 1), None)
    if twice:
        raise BadInput(_("%(key)s does something else already. Choose another key.") % {"key": twice.upper()})
    Hotkeys.objects.update_or_create(user_id=user_id, defaults={"keys": chosen})
    return chosen
