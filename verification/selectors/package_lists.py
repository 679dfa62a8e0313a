"""All packages of a project, a page at a time: for leads, on their page and by API."""

from __future__ import annotations

from collections.abc import Sequence

from verification.models import ReviewPackage

PAGE = 50


def package_page(
    *,
    project_id: int,
    state: str | None = None,
    stage: str | None = None,
    author_id: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
) -> tuple[Sequence[ReviewPackage], int | None]:
    """(packages with sample, loop and people, the newest first; the `after` of the next page or None). One query."""
    packages = ReviewPackage.objects.filter(project_id=project_id)
    if state:
        packages = packages.filter(state=state)
    if stage:
        packages = packages.filter(sample__task_kind=stage)
    if author_id is not None:
        packages = packages.filter(author_id=author_id)
    if after is not None:
        packages = packages.filter(pk__lt=after)
    found = list(packages.select_related("sample__loop", "author", "expert", "settled_by").order_by("-pk")[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None
