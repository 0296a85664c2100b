"""URLs of the job book and the broker: wrong ones are told without the password that they may hold."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

_CURE = "and percent-encode the password where it holds one of @ : / ? # % ;"
_DATABASES = "give postgresql://user:password@host/book or sqlite:////a/file"
_NO_URL = f"is no URL of a database: {_DATABASES}, {_CURE}"
_NO_BROKER = f"is no URL of a broker: give redis://:password@host:6379/0, {_CURE}"


def database_url(text: str) -> URL:
    """Return the URL of a job book with the driver that is taken.

    Raises:
        ValueError: it is none, or asks for a driver that is not installed or cannot be used.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter: a port that is no number
        raise ValueError(_NO_URL) from None
    if "@" in (url.host or ""):
        raise ValueError(_NO_URL)
    if url.drivername in ("postgres", "postgresql"):  # as providers write it; SQLAlchemy would ask for psycopg2
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("postgresql", "sqlite"):
        raise ValueError(f"is not supported: {_DATABASES}")
    if not _is_usable(url):
        raise ValueError(f"asks for the driver {url.get_driver_name()}, which cannot be used here: leave +driver out")
    return url


def checked_broker_url(text: str) -> str:
    """Return the URL of a broker, or several with semicolons between; certificates are looked at if not said otherwise.

    Raises:
        ValueError: it is none.
    """
    return ";".join(map(_checked, text.split(";")))


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(_NO_BROKER) from None
    if "://" not in url or parts.fragment or any("@" in later for later in (parts.path, parts.query)):
        raise ValueError(_NO_BROKER)
    if parts.scheme == "rediss" and "ssl_cert_reqs" not in parse_qs(parts.query):
        # Celery would take any certificate, and show the password to whoever stands in the broker's place.
        asked = "&".join(filter(None, (parts.query, "ssl_cert_reqs=required")))
        return parts._replace(query=asked).geturl()
    return url


def _is_usable(url: URL) -> bool:
    try:
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except (NoSuchModuleError, ImportError):
        return False
    return not dialect.is_async
