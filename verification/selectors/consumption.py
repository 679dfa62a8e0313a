"""What the consumption analysis starts from: the papers' million regions at this project's own pace."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from verification.forecast import SECONDS_PER_TAG_ITEM
from verification.selectors.sample_progress import last_tag_sample, pace_of_sample
from webapp.projects.models import Membership, Project, Role

ENOUGH_VERDICTS = 30
REGIONS = 1_000_000
PEOPLE = 50
HOURS_A_DAY = 4.0


@dataclass(frozen=True, slots=True)
class Usual:
    """`measured`: verdicts that `seconds` rests on; 0 while the papers' figure stands in."""

    regions: int
    seconds: float
    overlap: int
    people: int
    hours_a_day: float
    rate: Decimal
    measured: int


def usual_consumption(project: Project) -> Usual:
    """Four queries."""
    sample = last_tag_sample(project.pk)
    pace = pace_of_sample(sample) if sample is not None else None
    is_known = pace is not None and pace.judged >= ENOUGH_VERDICTS and bool(pace.median_seconds)
    people = Membership.objects.filter(project=project, role=Role.ANNOTATOR, user__is_active=True).count()
    return Usual(
        regions=REGIONS,
        seconds=round(pace.median_seconds or 0, 1) if pace is not None and is_known else SECONDS_PER_TAG_ITEM,
        overlap=project.overlap,
        people=people or PEOPLE,
        hours_a_day=HOURS_A_DAY,
        rate=project.tag_rate,
        measured=pace.judged if pace is not None and is_known else 0,
    )
