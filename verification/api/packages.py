"""Experts' work: take a package, rule on each of its items, close it. The same services as the expert's pages."""

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from verification.api.work import ItemImage, PairSerializer, id_field
from verification.models import DisagreeReason, PackageState, QAChoice, TaskKind
from verification.selectors.packages import PackedItem, desk_of, package_of_expert, packed_items
from verification.services.reviews import MAX_TEXT, Mark, decide_package, give_back_package, rule_item, take_package
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_REVIEW = Needs(TokenScope.ANNOTATE, Action.REVIEW)


class DeskQuery(StrictSerializer):
    after = serializers.IntegerField(min_value=1, max_value=2**62, required=False, help_text="Of the closed ones.")


class TakeSent(StrictSerializer):
    package = id_field(required=False, allow_null=True, help_text="Default: the one that has waited longest.")


class RulingSent(StrictSerializer):
    """Who agrees sends nothing but `item` and `agrees`; who disagrees says why, and what is right instead."""

    item = id_field(help_text="`id` of the package's item.")
    agrees = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=DisagreeReason.choices, default="", allow_blank=True)
    rejected = serializers.ListField(
        child=id_field(), max_length=20, default=list, help_text="The tags that are wrong."
    )
    choice = serializers.ChoiceField(choices=QAChoice.choices, default="", allow_blank=True)
    bad_box = serializers.BooleanField(default=False)
    correction = serializers.CharField(max_length=MAX_TEXT, default="", allow_blank=True)
    note = serializers.CharField(max_length=MAX_TEXT, default="", allow_blank=True)
    seconds = serializers.FloatField(min_value=0, max_value=86_400, default=0)


class PackageSerializer(serializers.Serializer[Any]):
    """`right` only once it is closed."""

    id = serializers.IntegerField()
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    loop = serializers.IntegerField(source="loop_number")
    size = serializers.IntegerField()
    threshold = serializers.FloatField()
    ruled = serializers.IntegerField()
    right = serializers.IntegerField(allow_null=True)
    held_until = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class DeskSerializer(serializers.Serializer[Any]):
    waiting = PackageSerializer(many=True, help_text="What you may take, the oldest first.")
    held = PackageSerializer(many=True)
    decided = PackageSerializer(many=True, help_text="What you closed, the latest first.")
    next = serializers.IntegerField(allow_null=True, help_text="The `after` of the next page of closed ones.")


class PackedTagSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="concept_id")
    text = serializers.CharField()
    is_rejected = serializers.BooleanField(help_text="The annotator marked it as wrong.")


class PackedItemSerializer(serializers.Serializer[Any]):
    """What was asked and what was said; nothing tells who said it, or how sure a model was."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    image = ItemImage()
    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    tags = PackedTagSerializer(many=True)
    tag = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField()
    others = PairSerializer(many=True)
    choice = serializers.CharField()
    is_bad_box = serializers.BooleanField()
    written = serializers.CharField(help_text="The annotator's own words.")
    ruling = serializers.ChoiceField(choices=["", "agree", "disagree"], help_text="Your own so far.")


class PackageAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    task_kind = serializers.ChoiceField(choices=TaskKind.choices)
    state = serializers.ChoiceField(choices=PackageState.choices)
    size = serializers.IntegerField()
    threshold = serializers.FloatField()
    items = PackedItemSerializer(many=True)


class RulingAnswer(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    ruling = serializers.ChoiceField(choices=["agree", "disagree"])


class OutcomeAnswer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=PackageState.choices)
    right = serializers.IntegerField()
    judged = serializers.IntegerField()
    repeated = serializers.BooleanField(help_text="It had been closed before.")


class GivenBackAnswer(serializers.Serializer[Any]):
    given_back = serializers.BooleanField(help_text="False: you did not hold it.")


class PackagesView(ApiView):
    needs: ClassVar = {"GET": _REVIEW}

    @extend_schema(
        operation_id="packages_list",
        summary="Your desk: packages that wait, that you hold, that you closed",
        parameters=[DeskQuery],
        responses=DeskSerializer,
        tags=["packages"],
    )
    def get(self, request: Request, slug: str) -> Response:
        desk = desk_of(**_who(self), after=self.query(DeskQuery).get("after"))
        listed = {"waiting": desk.waiting, "held": desk.held, "decided": desk.decided, "next": desk.after}
        return Response(DeskSerializer(listed).data)


class TakeView(ApiView):
    needs: ClassVar = {"POST": _REVIEW}

    @extend_schema(
        operation_id="packages_take",
        summary="Take a package",
        request=TakeSent,
        responses=PackageAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """409: `nothing_waits`, `package_taken`, `too_many`, or `took_part`: you judged an item of it yourself."""
        package_id = take_package(**_who(self), package_id=self.sent(TakeSent).get("package"))
        return Response(_package(self, package_id))


class PackageView(ApiView):
    needs: ClassVar = {"GET": _REVIEW}

    @extend_schema(
        operation_id="packages_get",
        summary="A package that you hold or closed, with its items",
        responses=PackageAnswer,
        tags=["packages"],
    )
    def get(self, request: Request, slug: str, package_id: int) -> Response:
        return Response(_package(self, package_id))


class RuleView(ApiView):
    needs: ClassVar = {"POST": _REVIEW}

    @extend_schema(
        operation_id="packages_rule",
        summary="Rule on one item",
        request=RulingSent,
        responses=RulingAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str, package_id: int) -> Response:
        """Said again, the last one counts."""
        sent = self.sent(RulingSent)
        mark = Mark(
            agrees=sent["agrees"],
            reason=sent["reason"],
            rejected_ids=tuple(sent["rejected"]),
            choice=sent["choice"],
            is_bad_box=sent["bad_box"],
            correction=sent["correction"],
            note=sent["note"],
            seconds=sent["seconds"],
        )
        rule_item(**_who(self), package_id=package_id, item_id=sent["item"], mark=mark)
        return Response(RulingAnswer({"item": sent["item"], "ruling": "agree" if mark.agrees else "disagree"}).data)


class CloseView(ApiView):
    needs: ClassVar = {"POST": _REVIEW}

    @extend_schema(
        operation_id="packages_close",
        summary="Close a package that is ruled on whole",
        request=None,
        responses=OutcomeAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str, package_id: int) -> Response:
        """Accepted, or sent to another annotator, or the third time to the lead. Again, it is the same outcome."""
        return Response(OutcomeAnswer(decide_package(**_who(self), package_id=package_id)).data)


class GiveBackView(ApiView):
    needs: ClassVar = {"POST": _REVIEW}

    @extend_schema(
        operation_id="packages_give_back",
        summary="Return a package to those that wait",
        request=None,
        responses=GivenBackAnswer,
        tags=["packages"],
    )
    def post(self, request: Request, slug: str, package_id: int) -> Response:
        """Your rulings on it are forgotten: its next expert begins anew."""
        given = give_back_package(**_who(self), package_id=package_id)
        return Response(GivenBackAnswer({"given_back": given}).data)


def _who(view: ApiView) -> dict[str, int]:
    return {"project_id": view.project.pk, "user_id": view.person.pk}


def _package(view: ApiView, package_id: int) -> Any:
    package = package_of_expert(**_who(view), package_id=package_id) if package_id < 2**63 else None
    if package is None:
        raise NotFound(_("You hold no such package."))
    content = {
        "id": package.pk,
        "task_kind": package.sample.task_kind,
        "state": package.state,
        "size": package.size,
        "threshold": package.threshold,
        "items": [item_facts(item, view.project.slug) for item in packed_items(package.pk)],
    }
    return PackageAnswer(content).data


def item_facts(item: PackedItem, slug: str) -> dict[str, Any]:
    """What answers hold of one item of a package."""
    address = reverse("api:image_file", args=[slug, item.image_id, "display"])
    names = ("id", "position", "box", "tags", "tag", "question", "answer", "choice", "is_bad_box", "written")
    return {
        **{name: getattr(item, name) for name in names},
        "image": {"url": address, "width": item.width, "height": item.height},
        "others": [{"question": question, "answer": answer} for question, answer in item.others],
        "ruling": item.state,
    }
