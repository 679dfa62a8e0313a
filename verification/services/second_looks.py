"""A share of the packages is ruled on by a second expert: it measures the experts and changes nothing."""

from hashlib import sha256

from django.db import connection

from verification.models import PackageState, ReviewPackage


def gets_second_look(package_id: int, share: float) -> bool:
    """Whether a package is among the `share` that two experts see: decided by its id alone, so it can be repeated."""
    drawn = int.from_bytes(sha256(f"second look {package_id}".encode()).digest()[:8]) / 2**64
    return drawn < share


def add_second_look(package: ReviewPackage) -> ReviewPackage | None:
    """A copy of a package that was just ruled on, for another expert, who is not told what it is. Idempotent.

    None when it is not among the project's share. In the transaction that decides the package.
    """
    if not gets_second_look(package.pk, package.project.expert_overlap):
        return None
    if ReviewPackage.objects.filter(second_look_of=package).exists():
        return None
    copy = ReviewPackage.objects.create(
        project_id=package.project_id,
        sample_id=package.sample_id,
        author_id=package.author_id,
        attempt=package.attempt,
        second_look_of=package,
        size=package.size,
        threshold=package.threshold,
        state=PackageState.READY,
    )
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, {"package": package.pk, "copy": copy.pk})
    return copy


_ITEMS = """
INSERT INTO verification_packageitem
    (package_id, item_id, position, round, verdict_ids, choice, rejected_ids, is_bad_box, is_live)
SELECT %(copy)s, packed.item_id, packed.position, packed.round, packed.verdict_ids, packed.choice, packed.rejected_ids,
       packed.is_bad_box, false
FROM verification_packageitem packed
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
WHERE packed.package_id = %(package)s
ORDER BY packed.position
"""
