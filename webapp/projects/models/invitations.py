"""Links that let somebody into a project."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.projects.models.memberships import Role


class Invitation(models.Model):
    """An invitation by link: single use, expiring, for one email address, with the roles it gives.

    The link is signed with the server's key and not stored, so that a copy of the database opens nothing.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("email address"))
    roles = ArrayField(models.CharField(max_length=12, choices=Role))
    team = models.ForeignKey("projects.Team", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"])]
        constraints = [models.CheckConstraint(condition=~models.Q(roles=[]), name="invitation_gives_roles")]

    def __str__(self) -> str:
        return f"invitation {self.pk}"
