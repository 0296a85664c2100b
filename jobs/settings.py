"""Settings that service, worker and reconciler share, read from `CLEARLEAF_*`."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from jobs.profiles import Catalogs
from jobs.urls import checked_broker_url, database_url

_BUCKET_URL = re.compile(r"s3://[a-z0-9][a-z0-9._-]+(/[^/?#]+)*/?", re.IGNORECASE)
OWNER_ONLY = 0o700
"""Mode of a data_dir that we make: orders, results and keys are no business of others on the machine."""
LEAST_KEY_LENGTH = 32
"""Characters; whoever guesses the key can read every result."""


class JobsSettings(BaseSettings):
    """Where the job book, the broker and the results are, and how patient everybody is; durations in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="CLEARLEAF_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # URLs of databases and brokers carry passwords
    )

    data_dir: Path = Field(default=Path("clearleaf-data"), description="folder of the embedded parts")
    database_url: str = Field(default="", description="job book; SQLite in data_dir where empty")
    broker_url: str = Field(default="redis://127.0.0.1:6379/0", description="Redis or Valkey")
    storage_url: str = Field(
        default="", description="results: file:///folder or s3://bucket/prefix; a folder in data_dir where empty"
    )
    s3_endpoint_url: str | None = Field(default=None, description="S3 service; that of AWS where absent")
    s3_region: str | None = Field(default=None, description="region of the bucket; as boto3 finds it where absent")
    s3_addressing: Literal["auto", "path", "virtual"] = Field(
        default="auto", description="bucket in the path of an S3 URL, or in its host name"
    )
    s3_redirects: bool = Field(
        default=True, description="customers fetch results from the S3 service by presigned URLs; false: through us"
    )
    catalogs: Catalogs = Field(default={}, description="catalogues by name, as JSON")
    default_catalog: str | None = Field(default=None, description="catalogue of orders that name none")
    authentication: Literal["off", "keys", "oidc", "keys,oidc"] = Field(
        default="off", description="what callers must show: an API key, a token of the OIDC issuer, or either"
    )
    public_url: str = Field(default="http://127.0.0.1:8000", description="where customers reach the API")
    signing_key: SecretStr | None = Field(
        default=None, description="key of signed hrefs; made in data_dir where absent"
    )
    lease_s: float = Field(default=60, gt=0, description="how long a silent worker keeps its step")
    heartbeat_s: float = Field(default=10, gt=0, description="pause between signs of life")
    reconcile_s: float = Field(default=10, gt=0, description="pause between rounds of the reconciler")
    resend_s: float = Field(default=30, gt=0, description="a wake-up so old is sent again once no message waits")
    max_attempts: int = Field(default=3, ge=1, description="tries of a step before its job fails")
    max_postpones: int = Field(default=20, ge=0, description="waits of a step for the weather before its job fails")
    wake_window: int = Field(default=32, ge=1, description="wake-ups in the broker at once")
    retention_days: float | None = Field(
        default=None, gt=0, description="results are removed so many days after a job's end; kept where not set"
    )
    forget_days: float | None = Field(
        default=30,
        gt=0,
        description="orders and logs of deleted and failed jobs are removed so many days later; kept where empty",
    )
    log_format: Literal["text", "json"] = Field(default="text", description="lines of the log: for people or machines")
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="worker and reconciler serve Prometheus metrics there; none where unset",
    )
    metrics_host: str = Field(default="127.0.0.1", description="address of the metrics port")
    alive_file: Path | None = Field(
        default=None, description="touched by worker and reconciler as long as they are well; none where unset"
    )
    tile_px: int = Field(default=256, ge=32, multiple_of=16, description="side of a tile, pixels")
    worker_memory_gb: float = Field(
        default=7.5,
        gt=0,
        description="10^9 bytes that a worker may take; where a tile would take more, tiles are smaller",
    )
    visibility_timeout_s: int = Field(default=43_200, gt=0, description="longer than the longest step")
    grace_s: int = Field(default=60, gt=30, description="from SIGTERM to SIGKILL, as the launcher allows")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url:
            database_url(url)
        return url

    @field_validator("forget_days", mode="before")
    @classmethod
    def _never_where_empty(cls, days: object) -> object:
        return None if days == "" else days

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, url: str) -> str:
        return checked_broker_url(url)

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, url: str) -> str:
        if url and not url.startswith("file:///") and not _BUCKET_URL.fullmatch(url):
            raise ValueError("is not supported: give file:///a/folder or s3://bucket/prefix")
        return url

    @field_validator("s3_endpoint_url", "s3_region")
    @classmethod
    def _absent_where_empty(cls, text: str | None) -> str | None:
        return text or None

    @field_validator("s3_endpoint_url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("is no URL of a service: give http://host:port or https://host")
        return url

    @field_validator("signing_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key) < LEAST_KEY_LENGTH:
            raise ValueError(
                f"signing_key has {len(key)} characters, at least {LEAST_KEY_LENGTH} are needed: make one with "
                "`openssl rand -hex 32`, or leave it out and one is made in data_dir"
            )
        return key

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.heartbeat_s >= self.lease_s:
            raise ValueError(f"heartbeat_s ({self.heartbeat_s}) must be shorter than lease_s ({self.lease_s})")
        if self.default_catalog is not None and self.default_catalog not in self.catalogs:
            known = ", ".join(self.catalogs) or "none"
            raise ValueError(f"default_catalog {self.default_catalog!r} is not configured; configured are: {known}")
        return self

    @property
    def guarded(self) -> bool:
        """Whether callers must show a credential."""
        return self.authentication != "off"

    @property
    def database(self) -> str:
        """URL of the job book."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'jobs.sqlite'}"

    @property
    def storage_root(self) -> Path:
        """Folder of the results, where they do not lie in a bucket."""
        return (
            Path(self.storage_url.removeprefix("file://")) if self.storage_url else self.data_dir.absolute() / "storage"
        )

    @property
    def bucket(self) -> tuple[str, str] | None:
        """Bucket of the results and what their keys begin with; None where they lie in a folder."""
        if not self.storage_url.startswith("s3://"):
            return None
        bucket, _, prefix = self.storage_url.removeprefix("s3://").partition("/")
        return bucket, prefix.strip("/")

    def signing_secret(self) -> bytes:
        """Return the key of signed hrefs; made once, readable by the owner alone, where none is configured.

        Raises:
            ValueError: the file in data_dir holds no key.
        """
        if self.signing_key is not None:
            return self.signing_key.get_secret_value().encode()
        path = self.data_dir / "signing.key"
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
        if len(key) < LEAST_KEY_LENGTH:
            raise ValueError(f"{path} holds no key of {LEAST_KEY_LENGTH} characters: delete it, and a new one is made")
        return key.encode()


def _make_key(path: Path) -> None:
    """Put a new key in place, whole: of several processes that start together, all use the first one's."""
    path.parent.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    number, unfinished = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # readable by the owner alone
    try:
        with os.fdopen(number, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)  # unlike a rename, this never replaces a key that is in use
    except FileExistsError:
        pass
    finally:
        Path(unfinished).unlink()
