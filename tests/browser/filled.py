"""A project in which everything has happened, and the table of its pages: who opens which address."""

from dataclasses import dataclass
from typing import Any

from annotation.models import Concept
from tests.annotation.scenes import make_scene
from tests.factories import make_sample
from tests.verification.judgements import judge_all
from tests.verification.packages import member, packed, review, reviewed, rule_all
from tests.verification.questions import make_question_sample
from verification.models import Assignment, SampleItem, Verdict, Webhook, WebhookEvent


@dataclass(frozen=True)
class Filled:
    """The people of a filled project, and what its addresses need to know."""

    people: dict[str, Any]
    numbers: dict[str, Any]

    def address(self, pattern: str) -> str:
        return f"/p/street/{pattern}".format(**self.numbers)


def fill(project: Any) -> Filled:
    """Photos, an annotated loop, a sample that was judged by two people and packed; one package in each state."""
    reviewed(project, size=6)
    people = {
        name: member(project, name, role)
        for name, role in (
            ("ann", "annotator"),
            ("ben", "annotator"),
            ("eva", "expert"),
            ("emil", "expert"),
            ("lena", "lead"),
            ("cora", "consumer"),
        )
    }
    loop = make_scene(project, photos=3, regions=4)
    sample = make_sample(project, items=36)
    slots = Assignment.objects.filter(sample=sample).order_by("rank").values_list("pk", flat=True)
    Assignment.objects.filter(pk__in=slots[30:]).delete()  # six items that nobody judged
    judge_all(sample, [people["ann"]], wrong_every=2)
    accepted, held, failed, *_waiting = packed(sample)
    review(accepted, people["eva"], wrong=0)
    review(failed, people["eva"], wrong=6)
    rule_all(held, people["emil"], wrong=2)
    make_question_sample(sample)
    hook = Webhook.objects.create(
        project=project, url="https://hooks.example.org/argus", events=[WebhookEvent.PACKAGE_ACCEPTED], salt="0" * 32
    )
    item = SampleItem.objects.filter(sample=sample).order_by("pk")[0]
    return Filled(
        people,
        {
            "loop": loop.number,
            "held": held.pk,
            "failed": failed.pk,
            "accepted": accepted.pk,
            "item": item.pk,
            "person": people["ann"].pk,
            "concept": Concept.objects.order_by("pk")[0].pk,
            "key": Verdict.objects.filter(annotator=people["ann"]).order_by("pk")[0].key,
            "webhook": hook.pk,
        },
    )


PAGES: tuple[tuple[str, str], ...] = (
    ("ann", "work/"),
    ("ann", "work/tags/"),
    ("ann", "work/questions/"),
    ("ann", "work/answers/"),
    ("ann", "work/history/"),
    ("ann", "work/history/{key}/"),
    ("ann", "work/feedback/"),
    ("ann", "work/qualify/"),
    ("ann", "earnings/"),
    ("emil", "review/"),
    ("emil", "review/{held}/"),
    ("eva", "review/{failed}/"),
    ("emil", "audit/"),
    ("lena", ""),
    ("lena", "photos/"),
    ("lena", "photos/add/"),
    ("lena", "explore/"),
    ("lena", "loops/"),
    ("lena", "loops/1/"),
    ("lena", "loops/{loop}/accuracy/"),
    ("lena", "packages/"),
    ("lena", "packages/{accepted}/"),
    ("lena", "items/"),
    ("lena", "items/{item}/history/"),
    ("lena", "concepts/{concept}/card/"),
    ("lena", "quality/"),
    ("lena", "quality/agreement/"),
    ("lena", "quality/people/{person}/"),
    ("lena", "pay/"),
    ("lena", "pay/forecast/"),
    ("lena", "takedowns/"),
    ("lena", "webhooks/"),
    ("lena", "webhooks/{webhook}/"),
    ("lena", "people/"),
    ("lena", "people/teams/"),
    ("lena", "settings/"),
    ("lena", "settings/qualifying/"),
    ("cora", "exports/"),
)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}
