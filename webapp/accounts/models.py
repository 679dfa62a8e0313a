"""People who sign in."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from webapp.accounts.sessions import SessionStore


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


class Session(AbstractBaseSession):
    """A browser that somebody uses. `user` repeats what the signed data say, so that both are read together; what is
    believed are the data."""

    # No constraint: Django would take the refusal of an account that is deleted at this moment for a key that is
    # taken, and try again without end.
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions", db_constraint=False)

    def __str__(self) -> str:
        """Not the key, as Django has it: that is as good as a password, and names end in logs and lists."""
        return f"session of {self.user_id}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class TokenScope(models.TextChoices):
    """What a token may be used for, at most: the rights of its owner still decide."""

    READ = "read", _("Read: projects, progress, own numbers")
    ANNOTATE = "annotate", _("Work: take items and packages, and decide them in your name")
    EXPORT = "export", _("Export: ask for exports and download them")
    LEAD = "lead", _("Lead: loops, audits, packages and items, the project's numbers, what tags mean, who is paused")
    MANAGE = "manage", _("Manage: people, teams, invitations, webhooks, takedowns, pausing the project")


class ApiToken(models.Model):
    """A key to the API (docs/api.md). Only its digest is kept; `hint` is its beginning, to tell tokens apart."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=16)
    scopes = ArrayField(models.CharField(max_length=10, choices=TokenScope))
    created_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(scopes=[]), name="token_has_scopes"),
        ]

    def __str__(self) -> str:
        return f"{self.hint}… of {self.user_id}"
