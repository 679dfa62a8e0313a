"""Where a project stands, for the first page a lead sees. Numbers come from indexes and are counted only so far."""

from dataclasses import dataclass, field

from django.db import connection

from annotation.models import Loop, LoopState, Stage
from annotation.selectors.statistics import loop_counts
from verification.models import Export
from webapp.projects.models import Membership, Project, Role

COUNT_LIMIT = 100_000


@dataclass(frozen=True)
class Count:
    """`value` things, or more than that when `is_more`."""

    value: int
    is_more: bool = False


@dataclass(frozen=True)
class Status:
    """What a lead wants to know at a glance. `loop` is the latest one that was not cancelled."""

    photos: Count
    loop: Loop | None
    asked: Count
    left: Count
    export: Export | None
    regions: int = 0
    people: dict[Role, int] = field(default_factory=dict)

    @property
    def checked(self) -> int | None:
        """Verdicts given of `asked`, None when there are too many to count."""
        return None if self.asked.is_more or self.left.is_more else self.asked.value - self.left.value


def status_of(project: Project) -> Status:
    """In seven queries, whatever the size of the project; the regions are summed over the shards of its first loop."""
    loop = Loop.objects.filter(project=project).exclude(state=LoopState.CANCELLED).order_by("-number").first()
    return Status(
        photos=_count(_PHOTOS, project.pk),
        loop=loop,
        asked=_count(_ASKED, loop.pk) if loop else Count(0),
        left=_count(_LEFT, loop.pk) if loop else Count(0),
        export=Export.objects.filter(project=project).order_by("-id").first(),
        regions=_regions(project),
        people=_people_by_role(project),
    )


_PHOTOS = "SELECT 1 FROM annotation_image WHERE project_id = %(id)s"
_ASKED = """
SELECT 1 FROM verification_sample sample
JOIN verification_sampleitem item ON item.sample_id = sample.id AND NOT item.is_gold
CROSS JOIN generate_series(1, sample.overlap)
WHERE sample.loop_id = %(id)s
"""
_LEFT = """
SELECT 1 FROM verification_sample sample
JOIN verification_assignment slot ON slot.sample_id = sample.id AND slot.state = 'open'
WHERE sample.loop_id = %(id)s
UNION ALL
SELECT 1 FROM verification_sample sample
JOIN verification_assignment slot ON slot.sample_id = sample.id AND slot.state = 'leased'
WHERE sample.loop_id = %(id)s
"""


def _count(rows: str, number: int) -> Count:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({rows} LIMIT {COUNT_LIMIT + 1}) counted",  # noqa: S608 - the texts above
            {"id": number},
        )
        found = int(cursor.fetchone()[0])
    return Count(min(found, COUNT_LIMIT), found > COUNT_LIMIT)


def _regions(project: Project) -> int:
    """Found by the loop that localized: later ones rank its regions again."""
    first = Loop.objects.filter(project=project, parent=None).exclude(state=LoopState.CANCELLED).first()
    return loop_counts(first).get(Stage.LOCALIZE, {}).get("regions", 0) if first else 0


def _people_by_role(project: Project) -> dict[Role, int]:
    held = Membership.objects.filter(project=project, user__is_active=True).values_list("role", flat=True)
    counts = dict.fromkeys(Role, 0)
    for role in held:
        counts[Role(role)] += 1
    return counts
