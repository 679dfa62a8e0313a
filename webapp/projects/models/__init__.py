from webapp.projects.models.memberships import Membership, Role
from webapp.projects.models.projects import Project

__all__ = ["Membership", "Project", "Role"]
