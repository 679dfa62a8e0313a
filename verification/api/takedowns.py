"""Takedowns: photos, or what a person wrote, removed on request. For leads; the same services as the page."""

from typing import Any, ClassVar

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from verification.models import Takedown, TakedownKind
from verification.selectors.pay import worked_here
from verification.selectors.takedowns import Touched, photo_touches, takedown_of, takedown_page, words_would_touch
from verification.services.takedowns import take_down_photo, take_down_words
from webapp.accounts.models import TokenScope, User
from webapp.api.pagination import page_of
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.models import Membership
from webapp.projects.policies import Action

_MANAGE = Needs(TokenScope.MANAGE, Action.TAKE_DOWN)


class TakedownsQuery(StrictSerializer):
    after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class TakedownSent(StrictSerializer):
    """One of `image`, `sha256` and `words_of`. Nothing brings back what was erased: count first."""

    image = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$", required=False, help_text="Of a photo's file; the project need not have it."
    )
    words_of = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="Id of a person who is or was in the project."
    )
    reason = serializers.CharField(max_length=2000, help_text="Who asked, and why: the record keeps it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len({"image", "sha256", "words_of"} & set(attrs)) != 1:
            raise serializers.ValidationError({"image": [_("Name one photo, by its id or digest, or one person.")]})
        return attrs


class TakedownSerializer(serializers.Serializer[Any]):
    """`counts`: what was erased. Files and exports go a little later: then `completed_at` is set."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TakedownKind.choices)
    sha256 = serializers.CharField()
    words_of = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())
    exports = serializers.ListField(child=serializers.IntegerField(), help_text="Withdrawn by it.")
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)


class TouchedAnswer(serializers.Serializer[Any]):
    """What a takedown would touch now."""

    image = serializers.IntegerField(allow_null=True, help_text="null: the project does not have the photo.")
    items = serializers.IntegerField()
    texts = serializers.IntegerField()
    exports = serializers.ListField(child=serializers.IntegerField())


class TakedownsView(ApiView):
    needs: ClassVar = {"GET": _MANAGE, "POST": _MANAGE}

    @extend_schema(
        operation_id="takedowns_list",
        summary="What was removed, the newest first",
        parameters=[TakedownsQuery],
        responses=page_of(TakedownSerializer, "Takedowns"),
        tags=["takedowns"],
    )
    def get(self, request: Request, slug: str) -> Response:
        page = takedown_page(project=self.project, before=self.query(TakedownsQuery).get("after"))
        prefetch_related_objects(page.takedowns, "exports")
        rows = TakedownSerializer([_facts(one) for one in page.takedowns], many=True).data
        return Response({"items": rows, "next": page.older})

    @extend_schema(
        operation_id="takedowns_create",
        summary="Remove a photo, or what a person wrote, for good",
        request=TakedownSent,
        responses={201: TakedownSerializer},
        tags=["takedowns"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """The same photo again is the same takedown."""
        sent = self.sent(TakedownSent)
        who: dict[str, Any] = {"project": self.project, "user": self.person, "reason": sent["reason"]}
        if "words_of" in sent:
            done = take_down_words(**who, writer=_writer(self, sent["words_of"]))
        else:
            done = take_down_photo(**who, image_id=sent.get("image"), sha256=sent.get("sha256", ""))
        done.refresh_from_db()
        return Response(TakedownSerializer(_facts(done)).data, status=status.HTTP_201_CREATED)


class TakedownPreviewView(ApiView):
    needs: ClassVar = {"POST": _MANAGE}

    @extend_schema(
        operation_id="takedowns_preview",
        summary="What a takedown would touch; nothing is removed",
        request=TakedownSent,
        responses=TouchedAnswer,
        tags=["takedowns"],
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = self.sent(TakedownSent)
        if "words_of" in sent:
            touched = words_would_touch(project=self.project, writer=_writer(self, sent["words_of"]))
        else:
            touched = photo_touches(project=self.project, image_id=sent.get("image"), sha256=sent.get("sha256", ""))
        return Response(TouchedAnswer(_touched(touched)).data)


class TakedownView(ApiView):
    needs: ClassVar = {"GET": _MANAGE}

    @extend_schema(
        operation_id="takedowns_get", summary="The record of one", responses=TakedownSerializer, tags=["takedowns"]
    )
    def get(self, request: Request, slug: str, takedown_id: int) -> Response:
        found = takedown_of(project=self.project, takedown_id=takedown_id if takedown_id < 2**63 else 0)
        return Response(TakedownSerializer(_facts(found)).data)


def _writer(view: ApiView, user_id: int) -> User:
    """Only who is or was here: other accounts look as if they did not exist."""
    who = {"project_id": view.project.pk, "user_id": user_id}
    person = User.objects.filter(pk=user_id).first()
    if person is None or not (Membership.objects.filter(**who).exists() or worked_here(**who)):
        raise NotFound(_("This person has never been in the project."))
    return person


def _facts(takedown: Takedown) -> dict[str, Any]:
    names = ("kind", "sha256", "reason", "created_at", "completed_at")
    return {
        "id": takedown.pk,
        **{name: getattr(takedown, name) for name in names},
        "words_of": takedown.writer_id,
        "counts": takedown.effect.get("counts", {}),
        "exports": sorted(export.pk for export in takedown.exports.all()),
    }


def _touched(touched: Touched) -> dict[str, Any]:
    return {
        "image": touched.image.pk if touched.image else None,
        "items": touched.items,
        "texts": touched.texts,
        "exports": [export.pk for export in touched.exports],
    }
