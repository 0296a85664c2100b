"""What may be said of those who come: what they have to show, and how much they may ask for."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jobs.quotas import Quota
from jobs.settings import JobsSettings
from service.oidc_settings import OidcSettings


class TenantLimits(BaseModel):
    """What one tenant may ask for; null is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    active_jobs: int | None = Field(default=100, ge=1)
    orders_per_minute: int | None = Field(default=60, ge=1)
    requests_per_minute: int | None = Field(default=6000, ge=1)
    requests_in_flight: int | None = Field(default=200, ge=1)
    waits: int | None = Field(default=50, ge=1)


_UNLIMITED = TenantLimits(**dict.fromkeys(TenantLimits.model_fields))


class AccessSettings(JobsSettings):
    """Settings of the API about its callers."""

    tenant_limits: TenantLimits = Field(
        default=TenantLimits(),
        description="what each tenant may ask for, where callers must show a key; each process counts its requests",
    )
    tenant_overrides: dict[str, TenantLimits] = Field(
        default={}, description="limits of single tenants by name; what is left out is as in tenant_limits"
    )

    oidc: OidcSettings | None = Field(
        default=None, description="issuer of tokens as JSON: issuer, audience, jwks_url, and more in docs/access.md"
    )

    @model_validator(mode="after")
    def _issuer_known(self) -> Self:
        if "oidc" in self.authentication and self.oidc is None:
            raise ValueError(
                f"authentication is {self.authentication!r}, and no issuer is named: set CLEARLEAF_OIDC to JSON with "
                "issuer, audience and jwks_url"
            )
        return self

    def limits_of(self, tenant: str) -> TenantLimits:
        """Return what a tenant may ask for; whoever need not sign in shares no service, and has no limits."""
        if not self.guarded:
            return _UNLIMITED
        own: dict[str, Any] = {}
        if tenant in self.tenant_overrides:
            own = self.tenant_overrides[tenant].model_dump(exclude_unset=True)
        return self.tenant_limits.model_copy(update=own)

    def quota_of(self, tenant: str) -> Quota:
        """Return what the job book checks of these limits."""
        limits = self.limits_of(tenant)
        return Quota(limits.active_jobs, limits.orders_per_minute)
