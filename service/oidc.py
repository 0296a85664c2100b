"""Bearer tokens of an OIDC issuer: checked against its published keys, and turned into a caller."""

from __future__ import annotations

from typing import Any

import jwt

from jobs.api_keys import TENANT, Scope
from service.caller import Caller
from service.issuer_keys import IssuerKeys
from service.oidc_settings import OidcSettings

LEEWAY_S = 30
"""By how much the clocks of issuer and service may differ."""
_REQUIRED = ["aud", "exp", "iss"]


class BadToken(Exception):
    """The token opens nothing; says what is wrong as far as that helps its owner."""


class TokenChecker:
    """Checks the tokens of the one issuer that is configured; may be shared by threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._keys = IssuerKeys(settings.jwks_url, settings.algorithms)

    def check(self, token: str) -> Caller:
        """Return who a token speaks for.

        Raises:
            BadToken: it is none of the issuer's, not for us, or has expired.
            Unavailable: the issuer's keys cannot be had.
        """
        claims = self._claims(token)
        tenant = claims.get(self._settings.tenant_claim)
        if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
            raise BadToken(f"the token's claim {self._settings.tenant_claim!r} names no tenant")
        return Caller(tenant, self._scopes(claims))

    def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in settings.algorithms:  # before anybody is asked for a key
                raise BadToken(f"the token must be signed by {' or '.join(settings.algorithms)}")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.find(header.get("kid"), str(header["alg"])),
                algorithms=list(settings.algorithms),
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError:
            raise BadToken("the token has expired; sign in again") from None
        except jwt.PyJWTError:
            raise BadToken("the token is none of the issuer's, or not meant for this service") from None
        return claims

    def _scopes(self, claims: dict[str, Any]) -> frozenset[Scope]:
        """Return what the issuer lets the caller do; values that nothing is said of mean nothing here."""
        value = claims.get(self._settings.scope_claim, "")
        named = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
        known = self._settings.scopes
        return frozenset(known[name] for name in named if isinstance(name, str) and name in known)
