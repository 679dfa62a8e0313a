"""Who asks: a token in the Authorization header, or the session of a signed-in page (then with the CSRF token)."""

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webapp.accounts.models import ApiToken, User
from webapp.accounts.tokens import token_of

__all__ = ["SessionAuthentication", "TokenAuthentication"]

KEYWORD = b"bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer argus_…`. Unknown, revoked and expired tokens are refused with the same words."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != KEYWORD:
            return None
        token = token_of(words[1].decode("latin-1")) if len(words) == 2 else None
        if token is None:
            raise AuthenticationFailed(
                _("This token is unknown, revoked or expired. Make a new one on your account page."), code="bad_token"
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="argus"'
