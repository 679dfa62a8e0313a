"""People who sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractUser):
    """A person. What they may do in a project is told by their memberships (webapp/projects)."""

    email = models.EmailField(_("email address"))
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.AUTO)
    single_key_shortcuts = models.BooleanField(
        _("single-key shortcuts"),
        default=True,
        help_text=_("Turn off if you use speech input or a screen reader."),
    )
    must_change_password = models.BooleanField(
        _("must choose a new password"),
        default=False,
        help_text=_("The present password is a one-time password that somebody else has seen."),
    )

    class Meta(AbstractUser.Meta):
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username
