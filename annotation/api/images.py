"""The photo of an item, for programs."""

from typing import ClassVar

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from annotation.views.images import image_file
from webapp.accounts.models import TokenScope
from webapp.api.views import ApiView, Needs
from webapp.projects.policies import Action


class WebPRenderer(BaseRenderer):
    """Lets a client say `Accept: image/webp`; the bytes come from the view of the pages."""

    media_type = "image/webp"
    format = "webp"
    render_style = "binary"


class ImageView(ApiView):
    needs: ClassVar = {"GET": Needs(TokenScope.READ, Action.SEE_IMAGES)}
    renderer_classes = (JSONRenderer, WebPRenderer)

    @extend_schema(
        operation_id="images_get",
        summary="A copy of a photo: `display` or `thumbnail`",
        responses={(200, "image/webp"): OpenApiResponse(OpenApiTypes.BINARY)},
        tags=["photos"],
    )
    def get(self, request: Request, slug: str, image_id: int, variant: str) -> HttpResponseBase:
        return image_file(request._request, slug=slug, image_id=image_id, variant=variant)  # noqa: SLF001
