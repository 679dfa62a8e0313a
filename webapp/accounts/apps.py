from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
    label = "accounts"
    verbose_name = "Accounts"


class ArgusAdminConfig(AdminConfig):
    default_site = "webapp.accounts.admin_site.ArgusAdminSite"
