"""The doorkeeper: every route needs a credential, but for those that are marked as open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from jobs.api_keys import KEY, Scope, bearer_of, opens
from jobs.key_ring import KeyRing
from service.access_settings import AccessSettings
from service.caller import OF_THIS_MACHINE, Caller
from service.errors import HttpProblem
from service.in_flight import InFlight
from service.oidc import BadToken, TokenChecker
from service.rates import RequestRates

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

IN_FLIGHT_AGAIN_S = 1
READING_METHODS = ("GET", "HEAD")
_MARK = "clearleaf_scope"
_DOTS_OF_TOKENS = 2


def open_to_all(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that needs no credential."""
    setattr(endpoint, _MARK, None)
    return endpoint


def needs(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint that needs a scope other than `needed_scope` would guess by its method."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, scope)
        return endpoint

    return mark


def needed_scope(endpoint: object, method: str) -> Scope | None:
    """Return which scope an endpoint needs, None where it is open; one that nobody marked is never open."""
    guess = Scope.READ if method in READING_METHODS else Scope.JOBS
    scope: Scope | None = getattr(endpoint, _MARK, guess)
    return scope


class Doorkeeper:
    """Lets a request in, or says what it lacks.

    Args:
        settings: what counts as a credential.
        keys: checks API keys.
    """

    def __init__(self, settings: AccessSettings, keys: KeyRing) -> None:
        self._settings = settings
        self._guarded = settings.guarded
        self._kinds = settings.authentication.split(",")
        self._keys = keys
        self._tokens = TokenChecker(settings.oidc) if "oidc" in self._kinds and settings.oidc is not None else None
        self._rates = RequestRates(settings)
        self._in_flight = InFlight("requests", "wait for some answers before you ask for more", IN_FLIGHT_AGAIN_S)

    async def admit(self, request: Request) -> AsyncIterator[None]:
        """Note who asks in the request's state, and count the request until the last byte of its answer is sent.

        Asked before anything else of every route.

        Raises:
            HttpProblem: 401 without a good credential, 403 where it does not open this.
            OverQuota: too many requests of the tenant, in a minute or in flight.
        """
        wanted = needed_scope(request.scope["endpoint"], request.method)
        if wanted is None:
            yield
            return
        caller = await self._caller(request) if self._guarded else OF_THIS_MACHINE
        self._rates.count(caller.tenant)  # what is refused below is a request, too
        if not opens(caller.scopes, wanted):
            raise _forbidden(caller, wanted)
        request.state.caller = caller
        with self._in_flight.one(caller.tenant, self._settings.limits_of(caller.tenant).requests_in_flight):
            yield

    async def _caller(self, request: Request) -> Caller:
        credential = bearer_of(request.headers.get("authorization", ""))
        if credential is None:
            raise _unauthorised("this needs a key: send the header `Authorization: Bearer KEY`")
        if "keys" in self._kinds and KEY.fullmatch(credential):
            return await self._owner(credential)
        if self._tokens is not None and credential.count(".") == _DOTS_OF_TOKENS:
            return await self._bearer(self._tokens, credential)
        raise _unauthorised("this is no key of this service: a key is sent whole, as it was given out", "invalid_token")

    async def _owner(self, text: str) -> Caller:
        key = self._keys.remembered(text) or await run_in_threadpool(self._keys.check, text)
        if key is None:
            raise _unauthorised(
                "this key is unknown, has expired or was revoked; ask whoever runs the service for another one",
                "invalid_token",
            )
        return Caller(key.tenant, key.scopes)

    @staticmethod
    async def _bearer(tokens: TokenChecker, credential: str) -> Caller:
        try:
            return await run_in_threadpool(tokens.check, credential)
        except BadToken as error:
            raise _unauthorised(str(error), "invalid_token") from None


def _unauthorised(detail: str, error: str | None = None) -> HttpProblem:
    challenge = 'Bearer realm="clearleaf"' + (f', error="{error}"' if error else "")
    return HttpProblem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _forbidden(caller: Caller, wanted: Scope) -> HttpProblem:
    held = ", ".join(sorted(caller.scopes)) or "none"
    challenge = f'Bearer realm="clearleaf", error="insufficient_scope", scope="{wanted}"'
    detail = f"this needs the scope {wanted!s}, and the credential has {held}; ask for one with that scope"
    return HttpProblem(HTTPStatus.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
