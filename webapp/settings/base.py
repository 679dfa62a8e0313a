"""Settings of every process. Values come from the environment; docs/operations.md lists them.

With neither DATABASE_URL nor REDIS_URL set, Argus is in *embedded mode*: its own PostgreSQL and Redis under
`var/`, a secret key of its own, plain HTTP on this machine. Anything else is production and must name its secrets.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from webapp.embedded.secrets import embedded_secret_key
from webapp.embedded.urls import celery_broker_url, embedded_database_url, embedded_redis_url
from webapp.settings import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
ARGUS_VERSION = "0.1.0"
ARGUS_VAR_DIR = Path(env.text("ARGUS_VAR", str(BASE_DIR / "var"))).resolve()
ARGUS_DATA_DIR = Path(env.text("ARGUS_DATA_DIR", str(ARGUS_VAR_DIR / "data"))).resolve()

# --- embedded or production -------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
EMBEDDED_MODE = not DATABASE_URL and not REDIS_URL

DEBUG = env.flag("DEBUG", False)
if EMBEDDED_MODE:
    SECRET_KEY = env.text("SECRET_KEY") or embedded_secret_key(ARGUS_VAR_DIR)
else:
    SECRET_KEY = env.required("SECRET_KEY")
    if len(SECRET_KEY) < 32 or "insecure" in SECRET_KEY or "change" in SECRET_KEY.lower():
        raise ImproperlyConfigured(
            "SECRET_KEY is too short or a known placeholder. Make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
DATABASE_URL = DATABASE_URL or embedded_database_url(ARGUS_VAR_DIR)
REDIS_URL = REDIS_URL or embedded_redis_url(ARGUS_VAR_DIR)

ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if EMBEDDED_MODE else [])
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

# --- applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "webapp.core",
    "webapp.embedded",
    "webapp.accounts.apps.AccountsConfig",
    "webapp.projects",
    "annotation",
    "verification",
    "workers",
    "webapp.accounts.apps.ArgusAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "webapp.core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.core.content_security.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "webapp.core.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.core.middleware.DenyByDefaultMiddleware",
    "webapp.core.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webapp.core.context_processors.argus",
            ],
        },
    }
]


# --- PostgreSQL and Redis ---------------------------------------------------------------------------------------
def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL must be a postgresql:// address: Argus runs on PostgreSQL only.")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "webapp.core.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": query.pop("port", None) or (str(parts.port) if parts.port else ""),
        "CONN_MAX_AGE": env.integer("DATABASE_CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # Prepared on first use: the queue's two statements dominate, planning them each time costs a third.
        "OPTIONS": {**query, "server_side_binding": True, "prepare_threshold": 1},
    }


DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "webapp.accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())

CELERY_BROKER_URL = celery_broker_url(REDIS_URL)

# --- people and sign-in -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "webapp.accounts.backends.PasswordBackend",
    "webapp.accounts.backends.AllauthBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "projects:list"
ACCOUNT_ADAPTER = "webapp.accounts.adapters.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # else anybody could have Argus write to any address
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "webapp.accounts.sign_in_forms.LoginForm",
    "change_password": "webapp.accounts.sign_in_forms.ChangePasswordForm",
    "set_password": "webapp.accounts.sign_in_forms.SetPasswordForm",
    "reset_password": "webapp.accounts.sign_in_forms.ResetPasswordForm",
    "reset_password_from_key": "webapp.accounts.sign_in_forms.ResetPasswordKeyForm",
    "reauthenticate": "webapp.accounts.sign_in_forms.ReauthenticateForm",
}
SOCIALACCOUNT_ADAPTER = "webapp.accounts.adapters.InvitedOnlySocialAdapter"
OIDC_SERVER_URL = env.text("OIDC_SERVER_URL")
OIDC_CREATE_ACCOUNTS = env.flag("OIDC_CREATE_ACCOUNTS", False)
SOCIALACCOUNT_PROVIDERS = {}
if OIDC_SERVER_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": env.text("OIDC_NAME", "Single sign-on"),
                "client_id": env.required("OIDC_CLIENT_ID"),
                "secret": env.required("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ],
    }
# Where the form of the sign-in button may lead: browsers apply form-action to redirects as well.
_oidc = urlsplit(env.text("OIDC_SIGN_IN_ORIGIN", OIDC_SERVER_URL))
OIDC_ORIGINS = [f"{_oidc.scheme}://{_oidc.netloc}"] if OIDC_SERVER_URL else []
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "webapp.accounts.sign_in_forms.AuthenticateForm",
    "reauthenticate": "webapp.accounts.sign_in_forms.ReauthenticateCodeForm",
    "activate_totp": "webapp.accounts.sign_in_forms.ActivateTOTPForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are given by leads and admins, not claimed by people
MFA_TOTP_ISSUER = "Argus"
# Rate limits count by address, which behind a proxy is in X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 1 if env.flag("BEHIND_PROXY", False) else 0)

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.text("EMAIL_HOST")
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "argus@localhost")

CSRF_FAILURE_VIEW = "webapp.core.error_pages.csrf_failure"

# --- security headers -------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF, *OIDC_ORIGINS],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
HTTPS_ONLY = env.flag("HTTPS_ONLY", not EMBEDDED_MODE)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^livez$"]
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 31_536_000 if HTTPS_ONLY else 0)
# Other hosts of the domain are their owners' to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", False) else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FILES = 2000  # of one upload of photos; what exceeds it comes by folder or command
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = None

# --- files ------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = ARGUS_VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = ARGUS_DATA_DIR / "media"
# Checkpoints that rosters may name; nothing outside it can be reached from a roster.
ARGUS_MODELS_DIR = Path(env.text("ARGUS_MODELS_DIR", str(ARGUS_VAR_DIR / "models"))).resolve()
STORAGES = {
    "default": {"BACKEND": env.text("MEDIA_STORAGE", "django.core.files.storage.FileSystemStorage")},
    "staticfiles": {"BACKEND": "webapp.core.storages.HashedModulesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# Where the web server in front (nginx) serves MEDIA_ROOT internally, e.g. "/protected/"; empty: Argus sends the files.
ARGUS_ACCEL_REDIRECT = env.text("ACCEL_REDIRECT")

# --- bounds on what comes in --------------------------------------------------------------------------------------
ARGUS_MAX_IMAGE_BYTES = env.integer("MAX_IMAGE_BYTES", 64 * 1024 * 1024)
ARGUS_MAX_IMAGE_PIXELS = env.integer("MAX_IMAGE_PIXELS", 100_000_000)
ARGUS_MAX_LINE_BYTES = env.integer("MAX_LINE_BYTES", 16 * 1024 * 1024)
ARGUS_MAX_UPLOAD_BYTES = env.integer("MAX_UPLOAD_BYTES", 2 * 1024**3)
ARGUS_IMPORT_ROOTS = [Path(path).resolve() for path in env.names("IMPORT_ROOTS")]
ARGUS_FETCH_ALLOW_NETWORKS = env.names("FETCH_ALLOW_NETWORKS")

# --- work ---------------------------------------------------------------------------------------------------------
ARGUS_LEASE_SECONDS = env.integer("LEASE_SECONDS", 1800)
ARGUS_LEASE_BATCH = env.integer("LEASE_BATCH", 6)
ARGUS_HEARTBEAT_TIMEOUT_SECONDS = env.integer("HEARTBEAT_TIMEOUT_SECONDS", 60)
ARGUS_SHARD_IMAGES = env.integer("SHARD_IMAGES", 16)
# How many shards of a loop wait in the queue at once, and after how long a message counts as lost.
ARGUS_SHARDS_AHEAD = env.integer("SHARDS_AHEAD", 256)
ARGUS_RESEND_SECONDS = env.integer("RESEND_SECONDS", 30)
ARGUS_RECONCILE_SECONDS = env.integer("RECONCILE_SECONDS", 10)

# What the timer starts. A message that nobody took before the next one is sent is dropped.
CELERY_BEAT_SCHEDULE = {
    "reconcile": {
        "task": "housekeeping.reconcile",
        "schedule": float(ARGUS_RECONCILE_SECONDS),
        "options": {"queue": "cpu", "expires": ARGUS_RECONCILE_SECONDS},
    },
}

# --- API (docs/api.md) ---------------------------------------------------------------------------------------------
ARGUS_API_PER_MINUTE = env.integer("API_PER_MINUTE", 600)  # requests of one token, or of one signed-in person
# Items that somebody may take in an hour without judging them: more is not work but copying.
ARGUS_UNJUDGED_PER_HOUR = env.integer("UNJUDGED_PER_HOUR", 300)
ARGUS_WEBHOOK_ALLOW_NETWORKS = env.names("WEBHOOK_ALLOW_NETWORKS")  # private ones that may be told
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "webapp.api.schema.EndpointSchema",
    "EXCEPTION_HANDLER": "webapp.api.errors.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Argus",
    "DESCRIPTION": "Take items and judge them, review packages, start loops, fetch verified data. See docs/api.md.",
    "VERSION": ARGUS_VERSION,
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "LoopState": "annotation.models.LoopState",
        "ExportState": "verification.models.ExportState",
        "ExportKind": "verification.models.ExportKind",
        "Role": "webapp.projects.models.Role",
        "PackageState": "verification.models.PackageState",
        "TaskKind": "verification.models.TaskKind",
        "StageState": "verification.api.loops.STAGE_STATES",
        "SkipReason": "verification.models.SkipReason",
        "TokenScope": "webapp.accounts.models.TokenScope",
    },
    "PREPROCESSING_HOOKS": ["webapp.api.schema.keep_our_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webapp.api.schema.add_refusals",
    ],
}

# --- language and time --------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "webapp.core.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
