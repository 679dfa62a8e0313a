"""allauth's forms with labels in our words. Labels stand above their fields, so there are no placeholders."""

from collections.abc import Mapping
from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class _OurWords:
    labels: Mapping[str, Promise] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]  # mixed into forms
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


_NEW = {"password1": _("New password"), "password2": _("New password again")}


class LoginForm(_OurWords, account_forms.LoginForm):  # type: ignore[misc]  # allauth has no types
    labels = {"login": _("Username or email address"), "password": _("Password"), "remember": _("Stay signed in")}


class ChangePasswordForm(_OurWords, account_forms.ChangePasswordForm):  # type: ignore[misc]
    labels = {"oldpassword": _("Present password"), **_NEW}


class SetPasswordForm(_OurWords, account_forms.SetPasswordForm):  # type: ignore[misc]
    labels = _NEW


class ResetPasswordForm(_OurWords, account_forms.ResetPasswordForm):  # type: ignore[misc]
    labels = {"email": _("Email address")}


class ResetPasswordKeyForm(_OurWords, account_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    labels = _NEW


class ReauthenticateForm(_OurWords, account_forms.ReauthenticateForm):  # type: ignore[misc]
    labels = {"password": _("Password")}


class AuthenticateForm(_OurWords, mfa_forms.AuthenticateForm):  # type: ignore[misc]
    labels = {"code": _("Code")}


class ReauthenticateCodeForm(_OurWords, mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    labels = {"code": _("Code")}


class ActivateTOTPForm(_OurWords, totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    labels = {"code": _("Code that the app shows")}
