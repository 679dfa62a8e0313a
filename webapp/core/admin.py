"""What every page of the site administration follows: machine data is looked at, and long tables are not counted."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST_COUNTED = 5_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Counts only so far: the admin pages by offset, which a table of millions cannot bear. Narrow by a filter."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows[:MOST_COUNTED].count() if isinstance(rows, models.QuerySet) else len(rows)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic only in the stubs
    """Rows that only services write. `fields` and `list_display` of a subclass are the allow-list of what is shown."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [str(name) for name in self.get_fields(request, obj)]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
