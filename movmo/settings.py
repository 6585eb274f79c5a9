"""Settings: the embedded default runs without any; production sets the environment variables named here."""

from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from movmo import env, file_storage, logs
from movmo.back_office import UNFOLD as UNFOLD
from movmo.kit.http import MAX_BODY
from movmo.operations.scopes import BASELINE, SCOPES

BASE_DIR = Path(env.BASE_DIR)
env.require()
PRODUCTION = env.is_production()
DEBUG = False
SECRET_KEY = env.secret_key()

# Where people and machines reach this server. Everything public is built from it, never from a Host header.
ORIGIN = env.origin()
ALLOWED_HOSTS = env.allowed_hosts()

# Transport: TLS ends at the proxy, and production has an https origin only.
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: they are others' to promise for
    "security.W008",  # the redirect from http to https is the proxy's
    "security.W021",  # preload lists take whole domains only
    "oauth2_provider.W008",  # http redirects are for loopback, which native apps need: Application.clean
]

INSTALLED_APPS = [
    "movmo.accounts.apps.Theme",  # unfold, with our own site of the admin
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "hijack",
    "csp",
    "corsheaders",
    "rest_framework",
    "oauth2_provider",
    "movmo",
    "movmo.operations",
    "movmo.rest",
    "movmo.accounts",
    "bookings",  # before partners: its operations come first in the reference
    "partners",
    "mcp_server",
    "movmo.traveler",
    "checkout_widget",
    "movmo.demo",
]
MIDDLEWARE = [
    "movmo.headers.Headers",  # first: what any of the others answers has them too
    "movmo.health.Health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    *([] if PRODUCTION else ["movmo.demo.shop.front.Storefront"]),
    "movmo.rest.lane.ApiLane",  # calls of the API end here; what follows is for pages
    "movmo.headers.ContentPolicy",
    "checkout_widget.frame.lane.FrameLane",  # frames of checkouts end here; what follows knows people by cookies
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",  # who changes configuration: movmo.operations.history
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "movmo.accounts.impersonation.middleware.OnlyLooking",
    "allauth.account.middleware.AccountMiddleware",
    "movmo.accounts.session.services.LastSeen",
]
ROOT_URLCONF = "movmo.urls"
WSGI_APPLICATION = "movmo.wsgi.application"
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
            ]
        },
    }
]

DATABASES = {"default": env.database()}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
# Finished exports; `default` holds nothing.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "exports": file_storage.exports(),
    "statements": file_storage.statements(),
    "audit": file_storage.audit(),
}
# Where workers write them first: on the disk of the folder above, so that they move there by their name alone.
MOVMO_EXPORTS_ASIDE = env.text("MOVMO_EXPORTS_ASIDE", "") or env.var_dir() / "exports-unfinished"
MOVMO_EXPORT_DAYS = env.number("MOVMO_EXPORT_DAYS", 7)
# Of all workers together, so many at most are at batches at once.
MOVMO_BATCH_WORKERS = max(1, env.number("MOVMO_BATCH_WORKERS", 3))
# Limits of all workers together. Empty: of each process, which is right for one.
MOVMO_REDIS_URL = env.redis()
# How workers are told (movmo.celery). Empty: by files, which is right for one machine.
MOVMO_BROKER_URL = env.broker()
MOVMO_BROKER_FILES = env.var_dir() / "broker"
MOVMO_BEAT_FILE = env.var_dir() / "beat"
MOVMO_QUEUE = env.text("MOVMO_QUEUE", "movmo")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
# Everything speaks English but the checkout, which speaks its session's language (checkout_widget.frame.access): there
# is no LocaleMiddleware. Its words come before those that other packages bring for the same phrases.
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "checkout_widget" / "locale"]
FORMAT_MODULE_PATH = "movmo.kit.formats"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = not PRODUCTION  # without `collectstatic` outside production
X_FRAME_OPTIONS = "DENY"
# What pages may load and run; a script of the page itself names `request.csp_nonce`. `form-action` is left out on
# purpose: Chromium applies it to the redirect that follows a form, and consent ends in a redirect to the client.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# The back office's theme runs on Alpine.js, which makes functions of the attributes of its pages, and styles elements
# by script. Scripts still come from this server only.
OFFICE_CONTENT_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# Only our own pages on other hosts call the API from a browser: a key or token of a partner has no business in one.
# Never with cookies, and never what is for people: their pages, consent, the back office. MCP's door has none of it.
CORS_ALLOWED_ORIGINS = env.hosted_origins()
CORS_URLS_REGEX = r"^/(v1/(?!mcp|oauth/authorize)|openapi\.|\.well-known/)"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "x-api-key", "x-request-id"]
CORS_EXPOSE_HEADERS = [
    "Deprecation", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset",
    "WWW-Authenticate", "X-Request-Id",
]  # fmt: skip
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY

# The traveler: signs in with an e-mail address and a one-time code, has no password
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
# Who may look at whose pages, asked by django-hijack; none of its own addresses is open.
HIJACK_PERMISSION_CHECK = "movmo.accounts.impersonation.services.may"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_home"
LOGOUT_REDIRECT_URL = "account_login"
# For staff, the only ones who have a password: long, and not one that everybody tries first.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_ADAPTER = "movmo.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code is the verification
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = False  # ours are counted for all workers together: movmo.accounts.limits
# Codes that are sent to one address, by network ten times as many; half of it at once.
MOVMO_CODES_PER_HOUR = env.number("MOVMO_CODES_PER_HOUR", 6)
# Passkeys that one network may try.
MOVMO_PASSKEY_SIGN_INS_PER_HOUR = env.number("MOVMO_PASSKEY_SIGN_INS_PER_HOUR", 200)
MFA_ADAPTER = "movmo.accounts.adapter.Passkeys"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a finger or a PIN: a passkey stands for two proofs
MFA_TOTP_TOLERANCE = 1  # steps to either side; each code is good once: accounts.office.second_factor
MFA_RATE_LIMITS = False
# Passwords that may be tried for a staff account, by network three times as many; half of it at once.
MOVMO_ADMIN_SIGN_INS_PER_HOUR = env.number("MOVMO_ADMIN_SIGN_INS_PER_HOUR", 20)
# Masked fields that one clerk may read.
MOVMO_REVEALS_PER_HOUR = env.number("MOVMO_REVEALS_PER_HOUR", 30)
CSRF_TRUSTED_ORIGINS = [ORIGIN]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ORIGIN.startswith("https://")

# E-mail: a mailbox page in the embedded default, SMTP in production
MOVMO_MAILBOX = env.var_dir() / "mailbox"
DEFAULT_FROM_EMAIL = env.text("MOVMO_EMAIL_FROM", "Movmo <no-reply@movmo.example>")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if PRODUCTION else "movmo.accounts.letter.mailbox.MailboxBackend"
)
# Text messages come out as letters of the mailbox; in production nothing sends any.
MOVMO_TEXT_MESSAGES = not PRODUCTION
EMAIL_HOST = env.text("MOVMO_SMTP_HOST", "localhost")
EMAIL_PORT = env.number("MOVMO_SMTP_PORT", 587)
EMAIL_HOST_USER = env.text("MOVMO_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.confidential("MOVMO_SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("MOVMO_SMTP_TLS", True)
EMAIL_TIMEOUT = 10

# The authorization server (partners.oauth). MOVMO_OAUTH_RSA_KEY holds one or more PEM keys one after the other: the
# first signs, all verify, so a new key is put in front and the old one taken away when nothing it signed is alive.
_SIGNING_KEY, *_RETIRED_KEYS = env.signing_keys()
MOVMO_OAUTH_KEY_FILE = env.signing_key_file()  # for the rotation: partners.oauth.keys
# Clients that may register themselves, by network; half of it at once.
MOVMO_REGISTRATIONS_PER_HOUR = env.number("MOVMO_REGISTRATIONS_PER_HOUR", 20)
# Clients whose id is the address of a document; 0 where this server must not reach out to the internet.
MOVMO_CLIENT_DOCUMENTS = env.flag("MOVMO_CLIENT_DOCUMENTS", True)
OAUTH2_PROVIDER_APPLICATION_MODEL = "partners.Application"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", "partners.oauth.hashers.TokenHasher"]
OAUTH2_PROVIDER: dict[str, Any] = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": ORIGIN,
    "OIDC_RSA_PRIVATE_KEY": _SIGNING_KEY,
    "OIDC_RSA_PRIVATE_KEYS_INACTIVE": _RETIRED_KEYS,
    "OAUTH2_VALIDATOR_CLASS": "partners.oauth.connected.ConnectedValidator",
    "SCOPES_BACKEND_CLASS": "partners.oauth.validator.ApplicationScopes",
    "ACCESS_TOKEN_GENERATOR": "partners.oauth.tokens.access_token",
    "REFRESH_TOKEN_GENERATOR": "partners.oauth.tokens.refresh_token",
    "SCOPES": {**SCOPES, "openid": "Confirm who you are"},
    "DEFAULT_SCOPES": [BASELINE],
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 60 * 60,
    "ID_TOKEN_EXPIRE_SECONDS": 5 * 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 60 * 60,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REQUEST_APPROVAL_PROMPT": "force",
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],  # http for loopback only: Application.clean
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "ALLOW_URI_WILDCARDS": False,
    "CLIENT_SECRET_HASHER": "sha256_token",
    "CLIENT_SECRET_GENERATOR_LENGTH": 43,
    "DCR_ENABLED": True,
    "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
    "DCR_REGISTRATION_TOKEN_EXPIRE_SECONDS": 90 * 24 * 60 * 60,
    "CIMD_ENABLED": False,  # the library would fetch for anybody: partners.oauth.client_document
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "APPLICATION_ADMIN_CLASS": "partners.oauth.admin.ApplicationAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "partners.oauth.admin.AccessTokenAdmin",
    "REFRESH_TOKEN_ADMIN_CLASS": "partners.oauth.admin.RefreshTokenAdmin",
    "GRANT_ADMIN_CLASS": "partners.oauth.admin.GrantAdmin",
    "ID_TOKEN_ADMIN_CLASS": "partners.oauth.admin.IDTokenAdmin",
}

LOGGING_CONFIG = None
logs.configure(as_json=PRODUCTION)
if PRODUCTION and (loose := env.files_others_can_read()):
    structlog.get_logger().warning("secrets.readable_by_everybody", settings=loose)

# Limits and secrets of our own
MOVMO_USER_RATE = env.number("MOVMO_USER_RATE", 50)
MOVMO_USER_BURST = env.number("MOVMO_USER_BURST", 100)
MOVMO_CHECKOUT_RATE = env.number("MOVMO_CHECKOUT_RATE", 5)
MOVMO_CHECKOUT_BURST = env.number("MOVMO_CHECKOUT_BURST", 50)
MOVMO_USAGE_SECONDS = env.number("MOVMO_USAGE_SECONDS", 5)  # between two writings of the usage book
MOVMO_ENCRYPTION_KEYS = env.encryption_keys()
# Webhooks to http://127.0.0.1:port, for trials in development.
MOVMO_WEBHOOKS_TO_LOOPBACK = env.webhooks_to_loopback()

# The demo's shop is open where it has a key (movmo.demo.shop).
MOVMO_SHOP_KEY = env.shop_key()

# Where cards are kept, the first for new ones: Spreedly where its variables are set, and outside production the
# sandbox vault, whose cards pay nothing.
MOVMO_VAULTS = env.vaults()

# Seats per sandbox flight and cabin; 0 leaves it to the airline (9 to 60). Load runs need more than a flight has.
MOVMO_SANDBOX_SEATS = env.number("MOVMO_SANDBOX_SEATS", 0)
# Whether a call without an API key, an agent's, reaches sandbox providers: no traveler books a pretended flight.
MOVMO_SANDBOX_FOR_AGENTS = env.flag("MOVMO_SANDBOX_FOR_AGENTS", not PRODUCTION)

# Serving (movmo.asgi): threads are also the database connections of a worker
MOVMO_MCP_THREADS = env.number("MOVMO_MCP_THREADS", 8)
MOVMO_WSGI_THREADS = env.number("MOVMO_WSGI_THREADS", 8)
# How long a call waits for its airline before it answers with a booking that is undecided; 0: for as long as it takes.
# It waits for a thread of its own kind, of which there are as many as both doors have together.
MOVMO_WAIT_SECONDS = env.number("MOVMO_WAIT_SECONDS", 8)
MOVMO_WAIT_THREADS = env.number("MOVMO_WAIT_THREADS", MOVMO_MCP_THREADS + MOVMO_WSGI_THREADS)
# How often one application may ask one traveler: questions that wait for an answer, and questions in an hour.
MOVMO_APPROVALS_WAITING = env.number("MOVMO_APPROVALS_WAITING", 5)
MOVMO_APPROVALS_AN_HOUR = env.number("MOVMO_APPROVALS_AN_HOUR", 20)
# How long a tool call waits for its person to decide on the page, before it answers that they have not.
MOVMO_APPROVAL_SECONDS = env.number("MOVMO_APPROVAL_SECONDS", 20)
MOVMO_BODY_SECONDS = env.number("MOVMO_BODY_SECONDS", 20)  # for the whole body of a request to arrive
