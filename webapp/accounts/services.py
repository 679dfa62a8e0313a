"""The only writers of accounts, besides people's own settings and the admin."""

import re
import secrets

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.core.errors import Conflict

# Without letters and digits that look alike: the password is read out or typed from a slip of paper.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def one_time_password() -> str:
    """Four groups of five, about 99 bits: "k7mnp-…"."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _letter in range(5)) for _group in range(4))


def create_account(*, email: str, username: str = "") -> tuple[User, str]:
    """A new account and its one-time password, which must be replaced at the first sign-in and is kept nowhere.

    Without `username` one is made of the address. Raises Conflict when name or address is taken.
    """
    password = one_time_password()
    user = User(username=username or _free_username(email), email=email.lower(), must_change_password=True)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(_("There is already an account with this name or address.")) from error
    return user, password


def _free_username(email: str) -> str:
    wanted = re.sub(r"[^\w.+-]", "", email.partition("@")[0])[:100] or "person"
    taken = set(User.objects.filter(username__istartswith=wanted).values_list("username", flat=True))
    taken = {name.lower() for name in taken}
    if wanted.lower() not in taken:
        return wanted
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted}{number}").lower() not in taken)


def open_account(*, email: str, username: str, name: str, password: str) -> User:
    """An account whose owner chose name and password; the caller checked the password and where the address is from.

    Raises Conflict when name or address is taken.
    """
    user = User(username=username, email=email.lower(), first_name=name)
    user.set_password(password)
    taken = Conflict(
        _("There is already an account with this name or address. If it is yours, sign in and open the link again.")
    )
    if User.objects.filter(username__iexact=username).exists():
        raise taken
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise taken from error
    return user
