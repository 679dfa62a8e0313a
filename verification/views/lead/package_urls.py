"""Addresses of the lead's pages about packages, below p/<slug>/packages/."""

from django.urls import path

from verification.views.lead import packages

urlpatterns = [
    path("", packages.packages, name="packages"),
    path("<int:package_id>/", packages.package, name="leads_package"),
    path("<int:package_id>/give", packages.give, name="give_package"),
    path("<int:package_id>/accept", packages.accept, name="accept_package"),
    path("<int:package_id>/again", packages.again, name="ask_package_again"),
]
