"""What the front desk can be told from outside."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, field_validator

from jobs.job import Limits
from service.access_settings import AccessSettings

_ORIGIN = re.compile(r"https?://[^/\s*@?#]+")
EXAMPLE_ORDER: dict[str, Any] = {
    "aoi": {
        "type": "Polygon",
        "coordinates": [[[11.60, 48.70], [11.64, 48.70], [11.64, 48.73], [11.60, 48.73], [11.60, 48.70]]],
    },
    "start": "2023-05-01",
    "end": "2023-06-30",
    "step_days": 10,
}


class ApiSettings(AccessSettings):
    """Settings of the API, on top of those of the job book; read from `CLEARLEAF_*`."""

    limits: Limits = Field(default=Limits(), description="what one order may ask for")
    signed_url_s: int = Field(default=3600, ge=60, description="for how long a signed href holds")
    max_body_bytes: int = Field(default=16 * 2**20, ge=1024, description="largest order")
    max_json_depth: int = Field(default=16, ge=8, description="deepest nesting of an order; GeoJSON needs 9")
    poll_s: int = Field(default=2, ge=1, description="pause that clients are asked for while a job runs")
    cors_origins: tuple[str, ...] = Field(
        default=(),
        description="origins whose pages may use the service where callers need no key, beside its own, as JSON; with "
        "keys any may",
    )
    basemap_url: str = Field(
        default="", description="tiles beneath the page's maps, https://.../{z}/{x}/{y}.png; none where empty"
    )
    basemap_attribution: str = Field(default="", description="whom the base map wants named")
    echo_process: bool = Field(
        default=False,
        description="offer a process `echo`, with which conformance suites of OGC API – Processes try values",
    )
    example_order: dict[str, Any] = Field(default=EXAMPLE_ORDER, description="an order that this service accepts")

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"public_url must be an http or https URL, not {url!r}")
        return url.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"cors_origins holds {origin!r}: an origin is written https://host or http://host:port"
                )
        return origins

    @field_validator("basemap_url")
    @classmethod
    def _tiles(cls, url: str) -> str:
        if url and not (url.startswith(("http://", "https://")) and all(f"{{{part}}}" in url for part in "zxy")):
            raise ValueError(f"basemap_url must be an http or https URL with {{z}}, {{x}} and {{y}}, not {url!r}")
        if url and set(url) & set(" ;,'\""):  # it goes into the page's Content-Security-Policy
            raise ValueError(f"basemap_url must not hold blanks, quotes, commas or semicolons: {url!r}")
        return url
