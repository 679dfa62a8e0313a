"""Items of samples, for leads: filtered, then asked again, given to people, removed or brought back."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.selectors.concepts import tag_named
from verification.api.work import id_field
from verification.models import Priority, Sample
from verification.selectors.items import MOST_CHOSEN, ItemFilter, ItemRow, ItemShows, items_page
from verification.services.bulk_items import REASONS, BulkAction, act_on_items, plan_action
from verification.services.priorities import set_priority
from verification.services.work_assignment import annotators_of_teams, assign_items, unassign_items
from webapp.accounts.models import TokenScope
from webapp.api.pagination import page_of
from webapp.api.serializers import StrictSerializer
from webapp.api.views import ApiView, Needs
from webapp.core.errors import NotFound
from webapp.projects.policies import Action

_LEAD = Needs(TokenScope.LEAD, Action.MANAGE_ITEMS)
PRIORITIES = [(priority.name.lower(), priority.label) for priority in Priority]
ACTIONS = [(action.value, action.value) for action in BulkAction]
LEFT_OUT = {str(reason): str(text) for reason, text in REASONS.items()}


class ItemsQuery(StrictSerializer):
    """What may be filtered by; nothing else in the address reaches the query."""

    sample = id_field(help_text="`id` from the list of samples.")
    state = serializers.ChoiceField(choices=[(state.value, state.value) for state in ItemShows], required=False)
    tag = serializers.CharField(max_length=200, required=False, help_text="By name: shown, or asked about.")
    annotator = id_field(required=False, help_text="Who judged or holds it.")
    priority = serializers.ChoiceField(choices=PRIORITIES, required=False)
    skipped = serializers.BooleanField(default=False, help_text="By somebody.")
    held = serializers.BooleanField(default=False, help_text="Given to somebody.")
    after = serializers.IntegerField(min_value=0, max_value=2**62, default=0)


class ChosenSent(StrictSerializer):
    items = serializers.ListField(child=id_field(), min_length=1, max_length=MOST_CHOSEN)


class ActSent(ChosenSent):
    action = serializers.ChoiceField(choices=ACTIONS)
    dry_run = serializers.BooleanField(default=False, help_text="Count what would be done, and do nothing.")


class PeopleSent(StrictSerializer):
    """Annotators, by themselves or by their teams."""

    people = serializers.ListField(child=id_field(), max_length=1000, default=list)
    teams = serializers.ListField(child=id_field(), max_length=1000, default=list)


class AssignSent(ChosenSent, PeopleSent):
    """Nobody at all: anybody may have them again."""


class PrioritySent(ChosenSent):
    priority = serializers.ChoiceField(choices=PRIORITIES)


class SampleItemSerializer(serializers.Serializer[Any]):
    """open, leased, done: places of its present round. held: names of those whom open places are kept for."""

    id = serializers.IntegerField()
    image = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[(state.value, state.value) for state in ItemShows])
    words = serializers.ListField(child=serializers.CharField(), help_text="Its tags, or tag and question.")
    round = serializers.IntegerField()
    open = serializers.IntegerField()
    leased = serializers.IntegerField()
    done = serializers.IntegerField()
    skips = serializers.IntegerField()
    held = serializers.ListField(child=serializers.CharField())
    priority = serializers.ChoiceField(choices=PRIORITIES)


class DoneAnswer(serializers.Serializer[Any]):
    """`items`: to which it was done; `left_out`: how many were not, by reason."""

    items = serializers.ListField(child=serializers.IntegerField())
    left_out = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"One of {', '.join(sorted(LEFT_OUT))}, no_place."
    )


class ChangedAnswer(serializers.Serializer[Any]):
    changed = serializers.BooleanField(help_text="False: it was so already.")


class ItemsView(ApiView):
    needs: ClassVar = {"GET": _LEAD}

    @extend_schema(
        operation_id="items_list",
        summary="Items of a sample",
        parameters=[ItemsQuery],
        responses=page_of(SampleItemSerializer, "SampleItems"),
        tags=["items"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """A page may be short, or empty, and not the last: go on while `next` is not null."""
        query = self.query(ItemsQuery)
        sample = Sample.objects.filter(pk=query["sample"], project=self.project).first()
        if sample is None:
            raise NotFound(_("There is no such sample in this project."))
        tag = tag_named(query["tag"]) if "tag" in query else None
        wanted = ItemFilter(
            sample=sample,
            shows=ItemShows(query["state"]) if "state" in query else None,
            concept_id=(tag.pk if tag is not None else 0) if "tag" in query else None,
            annotator_id=query.get("annotator"),
            is_skipped=query["skipped"],
            is_held=query["held"],
            priority=priority_sent(query) if "priority" in query else None,
        )
        page = items_page(wanted, after=query["after"])
        rows = [_item_facts(row) for row in page.rows]
        return Response({"items": SampleItemSerializer(rows, many=True).data, "next": page.after})


class ActView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="items_act",
        summary="Ask again, remove or bring back",
        request=ActSent,
        responses=DoneAnswer,
        tags=["items"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Said twice, it changes nothing more."""
        sent = self.sent(ActSent)
        wanted: dict[str, Any] = {"action": BulkAction(sent["action"]), "item_ids": sent["items"]}
        if sent["dry_run"]:
            plan = plan_action(project_id=self.project.pk, **wanted)
        else:
            plan = act_on_items(**_who(self), **wanted)
        return done_answer(plan.ids, plan.left_out)


class AssignView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="items_assign",
        summary="Keep items for people, or let anybody have them",
        request=AssignSent,
        responses=DoneAnswer,
        tags=["items"],
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = self.sent(AssignSent)
        who = {"project_id": self.project.pk, "by_id": self.person.pk, "item_ids": sent["items"]}
        if not sent["people"] and not sent["teams"]:
            unassign_items(**who)
            return done_answer(sent["items"], {})
        given = assign_items(**who, person_ids=people_sent(self, sent))
        return done_answer(given.item_ids, {"no_place": given.left_out} if given.left_out else {})


class PriorityView(ApiView):
    needs: ClassVar = {"POST": _LEAD}

    @extend_schema(
        operation_id="items_priority",
        summary="Hand items out before or after the others",
        request=PrioritySent,
        responses=DoneAnswer,
        tags=["items"],
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = self.sent(PrioritySent)
        plan = set_priority(**_who(self), item_ids=sent["items"], priority=priority_sent(sent))
        return done_answer(plan.ids, plan.left_out)


def _who(view: ApiView) -> dict[str, Any]:
    return {"project_id": view.project.pk, "user_id": view.person.pk}


def people_sent(view: ApiView, sent: dict[str, Any]) -> set[int]:
    """Those who were named, and the annotators of the teams that were. Raises NotFound."""
    return set(sent["people"]) | annotators_of_teams(project_id=view.project.pk, team_ids=sent["teams"])


def priority_sent(sent: dict[str, Any]) -> Priority:
    return Priority[sent["priority"].upper()]


def done_answer(ids: Any, left_out: dict[str, int]) -> Response:
    return Response(DoneAnswer({"items": list(ids), "left_out": left_out}).data)


def _item_facts(row: ItemRow) -> dict[str, Any]:
    names = ("id", "words", "round", "open", "leased", "done", "skips", "held")
    return {
        **{name: getattr(row, name) for name in names},
        "image": row.image_id,
        "state": row.shows.value,
        "priority": row.priority.name.lower(),
    }
