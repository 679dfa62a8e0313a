"""Packages as leads see them: all of the project's, filtered; those that only a lead can bring forward are settled."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.api.packages import PackedItemSerializer, item_facts
from verification.api.work import id_field
from verification.models import DisagreeReason, Escalation, PackageState, QAChoice, ReviewPackage, TaskKind
from verification.selectors.package_lists import package_page
from verification.selectors.packages import PackedItem, package_of_project, packed_items
from verification.services.escalations import MAX_NOTE, accept_escalated, ask_again, give_package
from webapp.accounts.models import TokenScope, User
from webapp.api.pagination import page_of
from webapp.api.serializers import PageQuery, StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.SETTLE_PACKAGES)


class AllPackagesQuery(PageQuery):
    """What may be filtered by; nothing else in the address reaches the query."""

    state = serializers.ChoiceField(choices=PackageState.choices, required=False)
    stage = serializers.ChoiceField(choices=TaskKind.choices, required=False)
    author = id_field(required=False, help_text="Whose verdicts they hold.")


class GiveSent(StrictSerializer):
    annotator = id_field(help_text="Who is to judge its items anew.")


class NoteSent(StrictSerializer):
    note = serializers.CharField(max_length=MAX_NOTE, help_text="Why: it stays with the package.")


class PersonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class LeadsPackageSerializer(serializers.Serializer[Any]):
    """`author` is null where several people judged each item; `parent`: the package that it does again; `right` only
    once it is closed. A second look measures experts and changes nothing."""

    id = serializers.IntegerField()
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    loop = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PackageState.choices)
    attempt = serializers.IntegerField()
    parent = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]
    second_look_of = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField()
    threshold = serializers.FloatField()
    right = serializers.IntegerField(allow_null=True)
    author = PersonSerializer(allow_null=True)
    expert = PersonSerializer(allow_null=True)
    escalation = serializers.ChoiceField(choices=[("", ""), *Escalation.choices])
    settled_by = PersonSerializer(allow_null=True)
    note = serializers.CharField()
    held_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class RuledItemSerializer(PackedItemSerializer):
    """With all that the expert said; empty before."""

    item = serializers.IntegerField(help_text="Its number, as its history has it.")
    reason = serializers.ChoiceField(choices=[("", ""), *DisagreeReason.choices])
    ruled_wrong = serializers.ListField(child=serializers.IntegerField(), help_text="Tags, by the expert.")
    ruled_choice = serializers.ChoiceField(choices=[("", ""), *QAChoice.choices])
    ruled_bad_box = serializers.BooleanField()
    correction = serializers.CharField()
    note = serializers.CharField()


class LeadsPackageAnswer(LeadsPackageSerializer):
    items = RuledItemSerializer(many=True)


class SettledAnswer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=PackageState.choices)
    begins = serializers.BooleanField(help_text="False: its sample is closed, so its items wait for the next sample.")


class AllPackagesView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="packages_all",
        summary="All packages, the newest first",
        parameters=[AllPackagesQuery],
        responses=page_of(LeadsPackageSerializer, "LeadsPackages"),
        tags=["packages"],
    )
    def get(self, request: Request, slug: str) -> Response:
        query = self.query(AllPackagesQuery)
        packages, following = package_page(
            project_id=self.project.pk,
            state=query.get("state"),
            stage=query.get("stage"),
            author_id=query.get("author"),
            after=query.get("after"),
            limit=query["limit"],
        )
        facts = [_facts(package) for package in packages]
        return Response({"items": LeadsPackageSerializer(facts, many=True).data, "next": following})


class LeadsPackageView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="packages_all_get",
        summary="One package with its marks and rulings",
        responses=LeadsPackageAnswer,
        tags=["packages"],
    )
    def get(self, request: Request, slug: str, package_id: int) -> Response:
        package = _found(self, package_id)
        items = [_ruled(item, self.project.slug) for item in packed_items(package.pk)]
        return Response(LeadsPackageAnswer({**_facts(package), "items": items}).data)


class GiveView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="packages_all_give",
        summary="Send an escalated package to an annotator",
        request=GiveSent,
        responses=SettledAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str, package_id: int) -> Response:
        """409 `not_escalated`: it was settled already."""
        give_package(**_lead(self, package_id), annotator_id=self.sent(GiveSent)["annotator"])
        return _settled(self, package_id)


class AcceptView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="packages_all_accept",
        summary="Let an escalated package pass as its expert ruled on it",
        request=NoteSent,
        responses=SettledAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str, package_id: int) -> Response:
        """409 `not_escalated`, or `not_ruled`: no expert has ruled on it."""
        accept_escalated(**_lead(self, package_id), note=self.sent(NoteSent)["note"])
        return _settled(self, package_id)


class AskAgainView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="packages_all_ask_again",
        summary="Dissolve an escalated package: its items go to new people",
        request=NoteSent,
        responses=SettledAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str, package_id: int) -> Response:
        begins = ask_again(**_lead(self, package_id), note=self.sent(NoteSent)["note"])
        return _settled(self, package_id, begins=begins)


def _lead(view: ApiView, package_id: int) -> dict[str, int]:
    return {
        "project_id": view.project.pk,
        "lead_id": view.person.pk,
        "package_id": package_id if package_id < 2**63 else 0,
    }


def _found(view: ApiView, package_id: int) -> ReviewPackage:
    found = package_of_project(project_id=view.project.pk, package_id=package_id) if package_id < 2**63 else None
    if found is None:
        raise NotFound(_("This project has no such package."))
    return found


def _settled(view: ApiView, package_id: int, *, begins: bool = True) -> Response:
    return Response(SettledAnswer({"state": _found(view, package_id).state, "begins": begins}).data)


def _facts(package: ReviewPackage) -> dict[str, Any]:
    names = ("state", "attempt", "size", "threshold", "escalation", "note", "held_until", "created_at", "decided_at")
    return {
        "id": package.pk,
        "task_kind": package.sample.task_kind,
        "loop": package.sample.loop.number,
        **{name: getattr(package, name) for name in names},
        "parent": package.parent_id,
        "second_look_of": package.second_look_of_id,
        "right": package.right_items,
        "author": _person(package.author),
        "expert": _person(package.expert),
        "settled_by": _person(package.settled_by),
    }


def _person(person: User | None) -> dict[str, Any] | None:
    return None if person is None else {"id": person.pk, "name": person.display_name}


def _ruled(item: PackedItem, slug: str) -> dict[str, Any]:
    names = ("reason", "ruled_choice", "ruled_bad_box", "correction", "note")
    return {
        **item_facts(item, slug),
        "item": item.item_id,
        **{name: getattr(item, name) for name in names},
        "ruled_wrong": item.ruled_ids,
    }
