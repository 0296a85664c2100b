"""Settings keep their secrets, and the key of signed hrefs is whole or not there."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError

from jobs.database import Database
from jobs.settings import JobsSettings
from service.settings import ApiSettings
from worker.settings import WorkerSettings


@pytest.mark.parametrize("kind", [JobsSettings, ApiSettings, WorkerSettings])
@pytest.mark.parametrize(
    "wrong",
    [
        {"lease_s": 1, "heartbeat_s": 2},
        {"broker_url": ["redis://:hunter2@broker/0"]},
        {"signing_key": "hunter2"},
        {"catalogs": {"mine": {"name": "mine", "href": "https://x:hunter2@stac.example.org", "token": "hunter2"}}},
    ],
)
def test_an_error_of_settings_tells_no_secret(tmp_path, kind, wrong):
    given = {"data_dir": tmp_path, "database_url": "postgresql://lai:hunter2@db/lai"} | wrong
    with pytest.raises(ValidationError) as error:
        kind(**given)
    assert "hunter2" not in str(error.value)


def test_a_short_key_is_refused_with_the_cure(tmp_path):
    with pytest.raises(ValidationError, match="openssl rand"):
        JobsSettings(data_dir=tmp_path, signing_key="k" * 31)
    assert JobsSettings(data_dir=tmp_path, signing_key="k" * 32).signing_secret() == b"k" * 32


def test_the_key_is_made_once_for_the_owner_alone(tmp_path):
    settings = JobsSettings(data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        (key,) = set(pool.map(lambda _: settings.signing_secret(), range(16)))
    assert len(key) == 64
    (file,) = (tmp_path / "data").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_data_folder_that_is_made_is_its_owners_alone(tmp_path):
    by_key, by_book = JobsSettings(data_dir=tmp_path / "key"), JobsSettings(data_dir=tmp_path / "book")
    by_key.signing_secret()
    Database(by_book.database).migrate()
    for settings in (by_key, by_book):
        assert settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_a_crash_while_the_key_is_made_leaves_none(tmp_path, monkeypatch):
    settings = JobsSettings(data_dir=tmp_path)
    with monkeypatch.context() as crash:
        crash.setattr(secrets, "token_hex", lambda size: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settings.signing_secret()
    assert list(tmp_path.iterdir()) == []
    assert len(settings.signing_secret()) == 64


def test_nothing_is_signed_with_an_empty_key(tmp_path):
    (tmp_path / "signing.key").touch()
    with pytest.raises(ValueError, match="delete it"):
        JobsSettings(data_dir=tmp_path).signing_secret()


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://results", ("results", "")),
        ("s3://results/", ("results", "")),
        ("s3://results/lai/2024/", ("results", "lai/2024")),
        ("file:///srv/lai", None),
        ("", None),
    ],
)
def test_a_storage_is_a_bucket_or_a_folder(tmp_path, url, bucket):
    assert JobsSettings(data_dir=tmp_path, storage_url=url).bucket == bucket


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///lai",
        "s3://key:hunter2@results",
        "s3://results//lai",
        "s3://results/a?b",
        "file://srv/lai",
        "lai",
    ],
)
def test_any_other_storage_is_refused_and_not_repeated(tmp_path, url):
    with pytest.raises(ValidationError, match="s3://bucket/prefix") as error:
        JobsSettings(data_dir=tmp_path, storage_url=url)
    assert "hunter2" not in str(error.value)


def test_empty_settings_of_s3_are_absent(tmp_path):
    settings = JobsSettings(data_dir=tmp_path, s3_endpoint_url="", s3_region="")
    assert (settings.s3_endpoint_url, settings.s3_region) == (None, None)
