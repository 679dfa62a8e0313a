from webapp.projects.models.invitations import Invitation
from webapp.projects.models.memberships import Membership, Role
from webapp.projects.models.projects import Project
from webapp.projects.models.teams import Team, TeamMember

__all__ = ["Invitation", "Membership", "Project", "Role", "Team", "TeamMember"]
