"""URLs of database and broker: what is wrong with one is told, and no part of its password."""

import ssl

import pytest
from pydantic import ValidationError

from jobs.queue import make_celery
from jobs.settings import JobsSettings

DATABASES = [
    ("postgresql://u:hun@ter@db/book", "percent-encode the password"),
    ("u:hun@ter@db", "percent-encode the password"),
    ("postgresql://u:hunter@db:port/book", "percent-encode the password"),
    ("postgresql+asyncpg://u:hunter@db/book", "the driver asyncpg, which cannot be used"),
    ("postgresql+psycopg_async://u:hunter@db/book", "the driver psycopg_async, which cannot be used"),
    ("postgresql+nope://u:hunter@db/book", "the driver nope, which cannot be used"),
    ("mysql://u:hunter@db/book", "is not supported: give postgresql://"),
]
BROKERS = [
    "redis://:hun/ter@broker/0",
    "redis://:12/hunter@broker/0",
    "redis://:12#hunter@broker/0",
    "redis://:12?hunter@broker/0",
    "redis://[hunter/0",
    "hunter:6379",
    "",
]


@pytest.mark.parametrize(("url", "told"), DATABASES)
def test_a_database_that_cannot_be_is_refused(url, told):
    with pytest.raises(ValidationError) as error:
        JobsSettings(database_url=url)
    assert told in str(error.value)
    assert not any(part in str(error.value) for part in ("hun", "ter@"))


@pytest.mark.parametrize("url", BROKERS)
def test_a_broker_that_cannot_be_is_refused(url):
    with pytest.raises(ValidationError, match="percent-encode the password") as error:
        JobsSettings(broker_url=url)
    assert not any(part in str(error.value) for part in ("hun", "ter@"))


@pytest.mark.parametrize("url", ["postgres://u:p%40w@db/book", "postgresql+psycopg://db:5432/book", "sqlite:////a/b"])
def test_a_database_is_taken_as_it_is_written(url):
    assert JobsSettings(database_url=url).database == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://:p%2Fw@b:6379/0",
        "rediss://[::1]:6379/0?ssl_cert_reqs=none",
        "unix:///run/b.sock?db=1",
        "sentinel://a:1;sentinel://b:2",
    ],
)
def test_a_broker_is_taken_as_it_is_written(url):
    assert JobsSettings(broker_url=url).broker_url == url


def test_a_broker_behind_tls_shows_a_certificate_that_is_known():
    for url in (
        "rediss://:p@b:6379/0",
        "rediss://b/0?",
        "rediss://b/0?ssl_cert_reqs=",
        "rediss://:p@b:6379/0?ssl_ca_certs=/run/ca/ca.crt",
    ):
        asked = make_celery(JobsSettings(broker_url=url)).connection_for_write()
        assert asked.ssl["ssl_cert_reqs"] == ssl.CERT_REQUIRED
    assert asked.ssl["ssl_ca_certs"] == "/run/ca/ca.crt"
