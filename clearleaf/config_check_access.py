"""Would anybody be let in who may be, and nobody else? Asked before a process is started."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import jwt

from clearleaf.findings import Finding
from jobs.api_keys import KeyBook, Scope
from jobs.database import Database
from jobs.errors import Unavailable
from jobs.settings import JobsSettings
from service.issuer_fetch import fetched
from service.oidc_settings import OidcSettings
from service.settings import ApiSettings

_WHAT = "authentication"


def check_credentials(settings: ApiSettings) -> Finding:
    """Tell whether anybody could order: a service that asks for keys of which there are none serves nobody."""
    if not settings.guarded:
        return Finding(True, _WHAT, "off: the API listens to this machine only")
    if settings.oidc is not None and "oidc" in settings.authentication:
        return _issuer(settings.oidc, settings.authentication)
    return _keys(settings)


def _issuer(oidc: OidcSettings, authentication: str) -> Finding:
    try:
        keys = fetched(oidc.jwks_url, oidc.algorithms)
    except (httpx.HTTPError, OSError, ValueError, RecursionError, jwt.PyJWTError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        return Finding(False, _WHAT, f"no keys at {oidc.jwks_url}: {why}; see to jwks_url in CLEARLEAF_OIDC")
    usable = {key_id for key_id, algorithm in keys if algorithm in oidc.algorithms}
    if not usable:
        told = f"none of the issuer's {len(keys)} keys is for {', '.join(oidc.algorithms)}"
        return Finding(False, _WHAT, f"{told}: see to algorithms in CLEARLEAF_OIDC")
    return Finding(True, _WHAT, f"{authentication}, the issuer gives {len(usable)} keys")


def _keys(settings: JobsSettings) -> Finding:
    now = datetime.now(UTC)
    try:
        keys = KeyBook(Database(settings.database)).list()
    except Unavailable as error:
        return Finding(False, _WHAT, f"no key can be looked at: {error}")
    good = [key for key in keys if key.revoked is None and (key.expires is None or key.expires > now)]
    orders = sum(Scope.JOBS in key.scopes for key in good)
    if not orders:
        cure = "clearleaf keys create --tenant NAME --scope jobs"
        return Finding(False, _WHAT, f"none of {len(good)} good keys may order: make one with `{cure}`")
    return Finding(True, _WHAT, f"{settings.authentication}, {orders} good keys may order")
