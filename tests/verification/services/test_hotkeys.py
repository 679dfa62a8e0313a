from typing import Any

import pytest

from verification.models import Hotkeys
from verification.services.hotkeys import choose_keys
from webapp.core.errors import BadInput

pytestmark = pytest.mark.django_db


def test_own_keys_replace_the_earlier_ones_and_can_change_places(ana: Any) -> None:
    assert choose_keys(user_id=ana.pk, keys={"1": "Q", "z": "s", "s": "z", "2": "2"}) == {"1": "q", "z": "s", "s": "z"}
    assert choose_keys(user_id=ana.pk, keys={"3": "e"}) == {"3": "e"}
    assert Hotkeys.objects.get().keys == {"3": "e"}
    assert choose_keys(user_id=ana.pk, keys={}) == {}


@pytest.mark.parametrize(
    "keys",
    [{"1": "2"}, {"1": "q", "2": "q"}, {"1": "/"}, {"1": "'"}, {"1": "enter"}, {"?": "h"}, {"1": " "}, {"1": ""}],
)
def test_a_key_that_cannot_be_used_or_would_do_two_things_is_refused(ana: Any, keys: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        choose_keys(user_id=ana.pk, keys=keys)
    assert not Hotkeys.objects.exists()
