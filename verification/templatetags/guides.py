"""`{{ project|guide }}`: the lead's guide as HTML."""

from django import template
from django.urls import get_script_prefix
from django.utils.safestring import SafeString, mark_safe

from verification.guides import guide_html
from webapp.projects.models import Project

register = template.Library()


@register.filter
def guide(project: Project) -> SafeString:
    photos = f"{get_script_prefix()}p/{project.slug}/images/"
    return mark_safe(guide_html(project.guide, photos=photos))  # noqa: S308 - sanitised by guide_html
