"""Whose tokens are believed, and how they are read."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from jobs.api_keys import Scope

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""None that works with a shared secret: an issuer's public keys must not be mistaken for one."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class OidcSettings(BaseModel):
    """One OIDC issuer.

    Attributes:
        issuer: exactly as the claim `iss` has it.
        audience: this service, as the claim `aud` names it.
        jwks_url: where the issuer publishes its keys; no other address is ever asked.
        algorithms: with which tokens may be signed.
        tenant_claim: which claim names the tenant.
        scope_claim: which claim names what the caller may do: a text of words, or a list.
        scopes: what these words mean here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    jwks_url: str
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    tenant_claim: str = "sub"
    scope_claim: str = "scope"
    scopes: dict[str, Scope] = {f"clearleaf:{scope}": scope for scope in Scope}

    @field_validator("jwks_url")
    @classmethod
    def _private(cls, url: str) -> str:
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or here):
            raise ValueError(f"must be an https URL, not {url!r}: whoever can change the keys can make tokens")
        return url
