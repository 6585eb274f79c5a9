"""An ordinary DRF project over Movmo's tables: default middleware, stock toolkit, psycopg's pool."""

from movmo.settings import *  # noqa: F403
from movmo.settings import DATABASES, OAUTH2_PROVIDER

CONTENDER = "tests.bench.contenders.stock"
ROOT_URLCONF = f"{CONTENDER}.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "oauth2_provider",
    f"{CONTENDER}.apps.Operations",
    f"{CONTENDER}.apps.Accounts",
    f"{CONTENDER}.apps.Partners",
    f"{CONTENDER}.apps.Bookings",
]
# What `startproject` writes.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# The pool replaces persistent connections, which Django's ASGI handler cannot keep.
DATABASES = {
    "default": {
        **DATABASES["default"],
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 4, "max_size": 16, "timeout": 10}},
    }
}
OAUTH2_PROVIDER = {"SCOPES": OAUTH2_PROVIDER["SCOPES"]}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oauth2_provider.contrib.rest_framework.OAuth2Authentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
