"""What tags mean: the card of a tag for everybody who judges, its meaning written by leads."""

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import MEANING_LENGTH, MeaningSource
from annotation.selectors.concepts import Meaning, meanings_before, tag_named
from annotation.services.meanings import write_meaning
from verification.api.work import ItemImage
from verification.selectors.concept_cards import ConceptCard, concept_card
from webapp.accounts.models import TokenScope
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_READ = Needs(TokenScope.READ, Action.SEE_CONCEPTS)
_WRITE = Needs(TokenScope.LEAD, Action.WRITE_MEANINGS)


class NameQuery(StrictSerializer):
    name = serializers.CharField(max_length=200, help_text="However it is spelt: “Traffic  Light” is “traffic light”.")


class MeaningSent(StrictSerializer):
    text = serializers.CharField(
        max_length=100 * MEANING_LENGTH,
        allow_blank=True,
        help_text=f"Plain text of at most {MEANING_LENGTH} characters; empty to take the meaning away.",
    )
    over = serializers.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        required=False,
        help_text="`id` of the meaning that you saw, 0 for none: 409 `meaning_changed` when it is another by now.",
    )


class MeaningSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    text = serializers.CharField()
    source = serializers.ChoiceField(choices=MeaningSource.choices)  # type: ignore[assignment]
    written_at = serializers.DateTimeField()


class WrittenMeaningSerializer(MeaningSerializer):
    by = serializers.CharField(help_text="Empty: from a list, or by somebody of another project.")


class ExampleSerializer(serializers.Serializer[Any]):
    """A region that people verified, in a photo as large as `image` says."""

    image = ItemImage()
    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)


class ConceptAnswer(serializers.Serializer[Any]):
    """`id`: of the tag that counts; after a renaming or merging it is another than was asked for."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    other_names = serializers.ListField(child=serializers.CharField())
    meaning = MeaningSerializer(allow_null=True)
    examples = ExampleSerializer(many=True, help_text="None that you are or were asked about.")


class MeaningsAnswer(serializers.Serializer[Any]):
    items = WrittenMeaningSerializer(many=True, help_text="The latest 20, the present one first.")


class ConceptNamedView(ApiView):
    needs: ClassVar = {"GET": _READ}

    @extend_schema(
        operation_id="concepts_named",
        summary="The tag of a name",
        parameters=[NameQuery],
        responses=ConceptAnswer,
        tags=["concepts"],
    )
    def get(self, request: Request, slug: str) -> Response:
        concept = tag_named(self.query(NameQuery)["name"])
        return Response(_answer(self, _card(self, concept.pk if concept is not None else 0)))


class ConceptView(ApiView):
    needs: ClassVar = {"GET": _READ}

    @extend_schema(operation_id="concepts_get", summary="What a tag means", responses=ConceptAnswer, tags=["concepts"])
    def get(self, request: Request, slug: str, concept_id: int) -> Response:
        return Response(_answer(self, _card(self, concept_id)))


class MeaningsView(ApiView):
    needs: ClassVar = {"GET": _WRITE, "POST": _WRITE}

    @extend_schema(
        operation_id="concepts_meanings",
        summary="Who wrote what about a tag",
        responses=MeaningsAnswer,
        tags=["concepts"],
    )
    def get(self, request: Request, slug: str, concept_id: int) -> Response:
        rows = meanings_before(_card(self, concept_id).concept_id)
        return Response(MeaningsAnswer({"items": [{**_facts(row), "by": self._by(row)} for row in rows]}).data)

    @extend_schema(
        operation_id="concepts_write_meaning",
        summary="Say what a tag means, for all projects",
        request=MeaningSent,
        responses=ConceptAnswer,
        tags=["concepts"],
    )
    def post(self, request: Request, slug: str, concept_id: int) -> Response:
        """All projects of the site share tags and their meanings. The same text again changes nothing."""
        sent = self.sent(MeaningSent)
        card = _card(self, concept_id)
        write_meaning(
            concept_id=card.concept_id,
            text=sent["text"],
            over=sent.get("over"),
            writer_id=self.person.pk,
            project_id=self.project.pk,
        )
        return Response(_answer(self, _card(self, card.concept_id)))

    def _by(self, row: Meaning) -> str:
        return row.writer if row.project_id == self.project.pk or row.writer_id == self.person.pk else ""


def _card(view: ApiView, concept_id: int) -> ConceptCard:
    found = concept_card(project_id=view.project.pk, concept_id=concept_id, reader_id=view.person.pk)
    if found is None:
        raise NotFound(_("There is no such tag."))
    return found


def _answer(view: ApiView, card: ConceptCard) -> Any:
    examples = [
        {
            "image": {
                "url": reverse("api:image_file", args=[view.project.slug, one.image_id, "display"]),
                "width": one.width,
                "height": one.height,
            },
            "box": one.box,
        }
        for one in card.examples
    ]
    content = {
        "id": card.concept_id,
        "name": card.name,
        "other_names": card.other_names,
        "meaning": _facts(card.meaning) if card.meaning is not None else None,
        "examples": examples,
    }
    return ConceptAnswer(content).data


def _facts(meaning: Meaning) -> dict[str, Any]:
    return {name: getattr(meaning, name) for name in ("id", "text", "source", "written_at")}
