"""A project in which everything has happened, and the table of its pages: who opens which address."""

import uuid
from dataclasses import dataclass
from typing import Any

from annotation.models import Concept, Loop, LoopState, Region
from annotation.services.meanings import write_meaning
from tests.annotation.scenes import annotate, make_scene
from tests.factories import fill_sample, make_concepts, make_image, make_loops, make_sample
from tests.verification.audits import judge_audit
from tests.verification.judgements import judge_all
from tests.verification.packages import contents, member, packed, review, reviewed, rule_all
from tests.verification.questions import decide, lease_kind, make_question_sample
from verification.models import Assignment, Sample, SampleItem, TaskKind, Verdict, Webhook, WebhookEvent
from verification.services.audit_draws import draw_audit
from verification.services.comments import add_comment
from verification.services.exports import request_export, run_export
from verification.services.queue import lease_items, release_items
from verification.services.takedowns import take_down_photo
from verification.services.tickets import issue_ticket
from verification.services.verdicts import record_verdict
from webapp.accounts.models import TokenScope
from webapp.accounts.tokens import issue_token
from webapp.projects.models import Role, Team, TeamMember
from webapp.projects.services.invitations import invite


@dataclass(frozen=True)
class Filled:
    """The people of a filled project, and what its addresses need to know."""

    people: dict[str, Any]
    numbers: dict[str, Any]

    def address(self, pattern: str) -> str:
        """`pattern` is below the project's address, or absolute with a slash in front."""
        return pattern if pattern.startswith("/") else f"/p/street/{pattern}".format(**self.numbers)


def fill(project: Any) -> Filled:
    """Photos, an audited loop, a sample judged, paid and packed, a package in each state; something on every page."""
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
    ann, ben, eva, emil, lena, cora = people.values()
    hook = Webhook.objects.create(
        project=project, url="https://hooks.example.org/argus", events=[WebhookEvent.PACKAGE_ACCEPTED], salt="0" * 32
    )
    loop = make_scene(project, photos=3, regions=14)
    sample = make_sample(project, items=42)
    later = list(Assignment.objects.filter(sample=sample).order_by("rank")[30:])
    Assignment.objects.filter(pk__in=[slot.pk for slot in later]).delete()
    judge_all(sample, [ann], wrong_every=2)
    accepted, held, failed, *_waiting = packed(sample)
    Assignment.objects.bulk_create(later)  # items that are not packed yet
    regions = [item.item.region_ids[0] for item in contents(accepted)]
    for region in Region.objects.filter(pk__in=regions):
        annotate(loop, region, [tag["text"] for tag in sample.items.all()[0].shown["tags"]])
    review(accepted, eva, wrong=0)
    review(failed, eva, wrong=6)
    rule_all(held, emil, wrong=2)
    judged_twice(project, ann, ben)
    work(project, make_question_sample(sample), ann, ben)
    item = contents(failed)[0].item
    talk(project, item, ann, lena)
    concept = Concept.objects.get(text="milk jug")
    for text in ("A jug.", "A jug that milk is poured from, " + "with or without a lid " * 20):
        write_meaning(concept_id=concept.pk, text=text[:480], writer_id=lena.pk, project_id=project.pk)
    audit = draw_audit(loop=loop, size=40, overlap_share=0.2, seed=1, user=lena)
    judge_audit(audit, eva, right="place <= 2 AND item.id %% 6 > 0")
    export = request_export(project=project, user=cora, kind="tags", format="jsonl")
    run_export(export.pk)
    takedown = take_down_photo(
        project=project, user=lena, reason="Who is on it asked by letter.", image_id=make_image(project, seed=77).pk
    )
    team = Team.objects.create(project=project, name="Evening")
    TeamMember.objects.create(team=team, user=ben)
    invite(project=project, by=lena, email="nia@example.org", roles=[Role.ANNOTATOR], team=team)
    issue_token(user=cora, name="Nightly export", scopes=[TokenScope.READ], days=30)
    return Filled(
        people,
        {
            "loop": loop.number,
            "held": held.pk,
            "failed": failed.pk,
            "accepted": accepted.pk,
            "item": item.pk,
            "person": ann.pk,
            "concept": concept.pk,
            "key": Verdict.objects.filter(annotator=ann).order_by("pk")[0].key,
            "webhook": hook.pk,
            "export": export.pk,
            "takedown": takedown.pk,
        },
    )


def judged_twice(project: Any, first: Any, second: Any) -> None:
    """The sample of a later loop, each item judged by both."""
    zero, one = make_loops(project)
    later = Loop.objects.create(project=project, number=2, config_digest="2" * 64, state=LoopState.FINISHED, parent=one)
    sample = Sample.objects.create(
        project=project, loop=later, annotated_loop=zero, task_kind=TaskKind.TAG, seed=1, overlap=2
    )
    photos = [make_image(project, seed=40 + number) for number in range(2)]
    fill_sample(sample, photos, make_concepts()[:5], items=34, overlap=2)
    judge_all(sample, [first, second], wrong_every=3)


def work(project: Any, questions: Sample, ann: Any, ben: Any) -> None:
    """Some items as the queue gives them out, which is paid: tags by `ann`, questions by both. The rest stays open."""
    for slot in lease_items(project_id=project.pk, user_id=ann.pk, count=4):
        ticket = issue_ticket(user_id=ann.pk, assignment_id=slot.assignment_id)
        record_verdict(
            project_id=project.pk,
            user_id=ann.pk,
            assignment_id=slot.assignment_id,
            rejected_ids=[slot.tags[0].concept_id],
            seconds=6.0,
            key=uuid.uuid4(),
            ticket=ticket,
        )
    for person, choice in ((ben, "wrong_answer"), (ann, "correct")):
        for leased in lease_kind(project, person, count=3):
            decide(project, person, leased, choice)
    for person in (ann, ben):
        release_items(project_id=project.pk, user_id=person.pk)


def talk(project: Any, item: SampleItem, ann: Any, lena: Any) -> None:
    who = {"project_id": project.pk, "item_id": item.pk, "annotator_id": ann.pk}
    words = "Is a jug that one sees only half of still a jug?"
    add_comment(**who, writer_id=ann.pk, is_lead=False, text=words, key=uuid.uuid4())
    add_comment(**who, writer_id=lena.pk, is_lead=True, text="Yes, if one can tell.", key=uuid.uuid4())


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
    ("lena", "items/waiting/"),
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
    ("lena", "people/invitations/"),
    ("lena", "people/list/"),
    ("lena", "takedowns/{takedown}/"),
    ("cora", "exports/"),
    ("cora", "exports/{export}/"),
    ("cora", "/"),
    ("cora", "/accounts/profile/"),
    ("cora", "/accounts/tokens/"),
)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}
