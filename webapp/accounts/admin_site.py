"""The site administration: stock Django admin, behind Argus's own sign-in and over an allow-list of applications."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from webapp.accounts.access import ask_to_sign_in, own_address
from webapp.accounts.models import User

# Other applications register models of their own: groups, which grant nothing here, and the secrets of sign-in.
SHOWN_APPS = frozenset({"accounts", "projects", "annotation", "verification"})


class ArgusAdminSite(AdminSite):
    site_header = site_title = "Argus"
    index_title = _("Site administration")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        single = isinstance(model_or_iterable, ModelBase)
        models: Iterable[Any] = [model_or_iterable] if single else model_or_iterable
        shown = [model for model in models if model._meta.app_label in SHOWN_APPS]  # noqa: SLF001
        super().register(shown, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and super().has_permission(request) and not user.must_change_password

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The admin's own form knows neither rate limits nor the second factor, so it is never shown."""
        refusal = ask_to_sign_in(request)
        if refusal is not None:
            return refusal
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect(own_address(request, request.GET.get("next", ""), default="admin:index"))

    def password_change(  # type: ignore[override]  # the stubs know only the page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")
