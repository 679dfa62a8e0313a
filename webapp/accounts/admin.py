"""Accounts are the site admins' business. Roles in projects are not: they belong to the leads (People page)."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import User


class OneTimePasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A password that an admin typed has been seen by somebody else."""

    def save(self, commit: bool = True) -> User:
        self.user.must_change_password = True
        saved: User = super().save(commit)
        return saved


class NewAccountForm(AdminUserCreationForm):  # type: ignore[type-arg]  # generic only in the stubs
    def save(self, commit: bool = True) -> User:
        self.instance.must_change_password = True
        saved: User = super().save(commit)
        return saved


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # generic only in the stubs
    add_form = NewAccountForm
    change_password_form = OneTimePasswordForm
    list_display = ["username", "email", "first_name", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["username", "email", "first_name"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "must_change_password"]}),
        (_("Person"), {"fields": ["first_name", "email", "theme", "single_key_shortcuts"]}),
        (_("Site"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["username", "email", "usable_password", "password1", "password2"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Verdicts and pay keep their people: accounts are switched off, not deleted."""
        return False
