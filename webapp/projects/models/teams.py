"""Groups of people, to give work to."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """A named group of members of a project. Being in a team gives no rights: roles do."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(_("name"), max_length=60)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("project", Lower("name"), name="team_name_once_per_project")]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="teams")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in team {self.team_id}"
