"""Pages of one's own account, mounted before allauth's, of which they replace one."""

from django.urls import path

from webapp.accounts import token_views, views

app_name = "accounts"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("theme/", views.set_theme, name="theme"),
    path("tokens/", token_views.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke", token_views.revoke, name="revoke_token"),
    path("email/", views.email_is_kept_by_admins, name="email"),
]
