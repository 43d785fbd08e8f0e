"""Django: one application for Django REST framework and Django Ninja, chosen by BENCH_DJANGO."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings

_place = urlsplit(os.environ["DATABASE_URL"])
_socket = parse_qs(_place.query).get("host", [_place.hostname or ""])[0]
_port = parse_qs(_place.query).get("port", [str(_place.port or "")])[0]
settings.configure(
    DEBUG=False,
    SECRET_KEY="for measurement only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=f"django_{os.environ['BENCH_DJANGO']}",
    INSTALLED_APPS=["rest_framework"] if os.environ["BENCH_DJANGO"] == "drf" else [],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
    TIME_ZONE="UTC",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATA_UPLOAD_MAX_MEMORY_SIZE=64_000_000,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _place.path.lstrip("/"),
            "USER": unquote(_place.username or ""),
            "PASSWORD": unquote(_place.password or ""),
            "HOST": unquote(_socket),
            "PORT": _port,
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
