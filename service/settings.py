"""What the front desk can be told from outside, and the one thing that it refuses: to listen to the world unguarded."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from pydantic import Field, field_validator

from jobs.job import Limits
from jobs.settings import JobsSettings

EXAMPLE_ORDER: dict[str, Any] = {
    "aoi": {
        "type": "Polygon",
        "coordinates": [[[11.60, 48.70], [11.64, 48.70], [11.64, 48.73], [11.60, 48.73], [11.60, 48.70]]],
    },
    "start": "2023-05-01",
    "end": "2023-06-30",
    "step_days": 10,
}


class ApiSettings(JobsSettings):
    """Settings of the API, on top of those of the job book; read from `CLEARLEAF_*`."""

    limits: Limits = Field(default=Limits(), description="what one order may ask for")
    signed_url_s: int = Field(default=3600, ge=60, description="for how long a signed href holds")
    max_body_bytes: int = Field(default=16 * 2**20, ge=1024, description="largest order")
    max_json_depth: int = Field(default=16, ge=8, description="deepest nesting of an order; GeoJSON needs 9")
    poll_s: int = Field(default=2, ge=1, description="pause that clients are asked for while a job runs")
    basemap_url: str = Field(
        default="", description="tiles beneath the page's maps, https://.../{z}/{x}/{y}.png; none where empty"
    )
    basemap_attribution: str = Field(default="", description="whom the base map wants named")
    example_order: dict[str, Any] = Field(default=EXAMPLE_ORDER, description="an order that this service accepts")

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"public_url must be an http or https URL, not {url!r}")
        return url.rstrip("/")

    @field_validator("basemap_url")
    @classmethod
    def _tiles(cls, url: str) -> str:
        if url and not (url.startswith(("http://", "https://")) and all(f"{{{part}}}" in url for part in "zxy")):
            raise ValueError(f"basemap_url must be an http or https URL with {{z}}, {{x}} and {{y}}, not {url!r}")
        if url and set(url) & set(" ;,'\""):  # it goes into the page's Content-Security-Policy
            raise ValueError(f"basemap_url must not hold blanks, quotes, commas or semicolons: {url!r}")
        return url


def check_bind(host: str) -> str:
    """Return the host to listen on, if nobody but this machine can reach it.

    Raises:
        ValueError: anybody on the network could order and read, for nobody has to sign in.
    """
    addresses = {host.strip("[]")}
    try:
        if not _is_address(host.strip("[]")):
            addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)} if host else {"0.0.0.0"}  # noqa: S104 - what an empty host means
    except OSError as error:
        raise ValueError(f"cannot listen on {host!r}: {error}") from None
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise ValueError(
            f"refusing to listen on {host!r}: without authentication the service may be reached from this machine "
            "only; use 127.0.0.1, or put a proxy that asks for a key in front of it"
        )
    return host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
