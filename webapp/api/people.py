"""Who works on a project, its teams and its invitations. For leads; the same services as the pages."""

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.models import TokenScope, User
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.models import Invitation, Role, Team
from webapp.projects.policies import Action
from webapp.projects.selectors import people_of
from webapp.projects.services.invitations import invite, open_invitations, revoke_invitation, token_of_invitation
from webapp.projects.services.memberships import add_person, remove_person, set_roles
from webapp.projects.services.teams import create_team, remove_team, set_members, team_of

_MANAGE = Needs(TokenScope.MANAGE, Action.MANAGE_PEOPLE)
MOST_SHOWN = 1000


class RolesSent(StrictSerializer):
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), min_length=1)


class PersonSent(RolesSent):
    who = serializers.CharField(max_length=254, help_text="A username, or an email address.")


class TeamSent(StrictSerializer):
    name = serializers.CharField(max_length=60)


class MembersSent(StrictSerializer):
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=1000, help_text="All of them."
    )


class InvitationSent(RolesSent):
    email = serializers.EmailField()
    team = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True)
    days = serializers.ChoiceField(choices=[1, 7, 30], default=7)


class MemberSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    is_active = serializers.BooleanField()


class AddedSerializer(MemberSerializer):
    password = serializers.CharField(
        help_text="Of an account that was made now, to be used once: shown now and never again. Empty otherwise."
    )


class MembersAnswer(serializers.Serializer[Any]):
    items = MemberSerializer(many=True)


class TeamSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    people = serializers.ListField(child=serializers.IntegerField())


class TeamsAnswer(serializers.Serializer[Any]):
    items = TeamSerializer(many=True)


class InvitationSerializer(serializers.Serializer[Any]):
    """`link` lets one person in, with the roles, until it is used, revoked, or over."""

    id = serializers.IntegerField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    team = serializers.IntegerField(allow_null=True)
    expires_at = serializers.DateTimeField()
    link = serializers.CharField()


class InvitationsAnswer(serializers.Serializer[Any]):
    items = InvitationSerializer(many=True, help_text="The open ones, at most 1,000.")


class GoneAnswer(serializers.Serializer[Any]):
    removed = serializers.BooleanField()


class PeopleView(ApiView):
    needs: ClassVar = {"GET": _MANAGE, "POST": _MANAGE}

    @extend_schema(
        operation_id="people_list", summary="Who is in the project", responses=MembersAnswer, tags=["people"]
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(MembersAnswer({"items": [_member_facts(person) for person in people_of(self.project)]}).data)

    @extend_schema(
        operation_id="people_add",
        summary="Give somebody roles; an unknown address gets an account",
        request=PersonSent,
        responses={201: AddedSerializer},
        tags=["people"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Roles that they hold already are kept. An invitation needs no password to be passed on."""
        sent = self.sent(PersonSent)
        added = add_person(
            project=self.project,
            by=self.person,
            name_or_email=sent["who"],
            roles=[Role(role) for role in sent["roles"]],
        )
        facts = {**_member_facts(_member(self, added.user.pk)), "password": added.password}
        return Response(AddedSerializer(facts).data, status=status.HTTP_201_CREATED)


class RolesView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="people_roles",
        summary="Make these a person's roles",
        request=RolesSent,
        responses=MemberSerializer,
        tags=["people"],
    )
    def post(self, request: Request, slug: str, user_id: int) -> Response:
        """409 for the last lead: a project always has one."""
        person = _member(self, user_id)
        set_roles(
            project=self.project,
            by=self.person,
            user=person,
            roles=[Role(role) for role in self.sent(RolesSent)["roles"]],
        )
        return Response(MemberSerializer(_member_facts(_member(self, user_id))).data)


class RemovePersonView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="people_remove",
        summary="Take all roles away; their work stays",
        request=None,
        responses=GoneAnswer,
        tags=["people"],
    )
    def post(self, request: Request, slug: str, user_id: int) -> Response:
        remove_person(project=self.project, by=self.person, user=_member(self, user_id))
        return Response(GoneAnswer({"removed": True}).data)


class TeamsView(ApiView):
    needs: ClassVar = {"GET": _MANAGE, "POST": _MANAGE}

    @extend_schema(operation_id="teams_list", summary="Teams with their people", responses=TeamsAnswer, tags=["people"])
    def get(self, request: Request, slug: str) -> Response:
        teams = Team.objects.filter(project=self.project).prefetch_related("members")
        return Response(TeamsAnswer({"items": [_team_facts(team) for team in teams]}).data)

    @extend_schema(
        operation_id="teams_create",
        summary="Make a team",
        request=TeamSent,
        responses={201: TeamSerializer},
        tags=["people"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """409 when there is one of this name."""
        team = create_team(project=self.project, by=self.person, name=self.sent(TeamSent)["name"])
        return Response(TeamSerializer(_team_facts(team)).data, status=status.HTTP_201_CREATED)


class TeamMembersView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="teams_members",
        summary="Make these people the team",
        request=MembersSent,
        responses=TeamSerializer,
        tags=["people"],
    )
    def post(self, request: Request, slug: str, team_id: int) -> Response:
        team = _team(self, team_id)
        set_members(team=team, by=self.person, user_ids=self.sent(MembersSent)["people"])
        return Response(TeamSerializer(_team_facts(team)).data)


class RemoveTeamView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="teams_remove",
        summary="Remove a team; its people stay",
        request=None,
        responses=GoneAnswer,
        tags=["people"],
    )
    def post(self, request: Request, slug: str, team_id: int) -> Response:
        remove_team(team=_team(self, team_id), by=self.person)
        return Response(GoneAnswer({"removed": True}).data)


class InvitationsView(ApiView):
    needs: ClassVar = {"GET": _MANAGE, "POST": _MANAGE}

    @extend_schema(
        operation_id="invitations_list", summary="Open invitations", responses=InvitationsAnswer, tags=["people"]
    )
    def get(self, request: Request, slug: str) -> Response:
        found = open_invitations(self.project)[:MOST_SHOWN]
        return Response(InvitationsAnswer({"items": [_invitation_facts(request, one) for one in found]}).data)

    @extend_schema(
        operation_id="invitations_create",
        summary="Make a link that lets one person in",
        request=InvitationSent,
        responses={201: InvitationSerializer},
        tags=["people"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """No mail is sent: pass the link on. A new link for the same address ends the earlier one."""
        sent = self.sent(InvitationSent)
        team = _team(self, sent["team"]) if sent.get("team") else None
        made = invite(
            project=self.project,
            by=self.person,
            email=sent["email"],
            roles=[Role(role) for role in sent["roles"]],
            team=team,
            days=sent["days"],
        )
        return Response(InvitationSerializer(_invitation_facts(request, made)).data, status=status.HTTP_201_CREATED)


class RevokeInvitationView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="invitations_revoke",
        summary="Let a link open nothing any more",
        request=None,
        responses=GoneAnswer,
        tags=["people"],
    )
    def post(self, request: Request, slug: str, invitation_id: int) -> Response:
        number = invitation_id if invitation_id < 2**63 else 0
        revoke_invitation(project=self.project, by=self.person, invitation_id=number)
        return Response(GoneAnswer({"removed": True}).data)


def _member(view: ApiView, user_id: int) -> User:
    """Only members can be named: other accounts look as if they did not exist."""
    person = people_of(view.project).filter(pk=user_id).first() if user_id < 2**63 else None
    if person is None:
        raise NotFound(_("This person is not in the project any more."))
    return person


def _team(view: ApiView, team_id: int) -> Team:
    return team_of(project=view.project, team_id=team_id if team_id < 2**63 else 0)


def _member_facts(person: User) -> dict[str, Any]:
    return {
        "id": person.pk,
        "username": person.username,
        "name": person.display_name,
        "roles": sorted(person.roles),  # type: ignore[attr-defined]  # annotated
        "is_active": person.is_active,
    }


def _team_facts(team: Team) -> dict[str, Any]:
    return {"id": team.pk, "name": team.name, "people": sorted(member.user_id for member in team.members.all())}


def _invitation_facts(request: Request, invitation: Invitation) -> dict[str, Any]:
    link = request.build_absolute_uri(reverse("projects:join", args=[token_of_invitation(invitation)]))
    names = ("id", "email", "roles", "expires_at")
    return {**{name: getattr(invitation, name) for name in names}, "team": invitation.team_id, "link": link}
