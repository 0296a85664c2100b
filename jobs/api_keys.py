"""Keys of the API in the job book: made, listed, renewed, revoked, checked; a secret is known to its owner alone."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from jobs.database import Database
from jobs.errors import ClearleafError, Unavailable
from jobs.tables import api_keys

log = logging.getLogger(__name__)

KEY = re.compile(r"(clk_[0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
"""An API key: the id, which may be shown, and the secret. The first letters let scanners of code know a leaked one."""
TENANT = re.compile(r"[!-~]{1,64}")
"""What a tenant may be called, so that every database, log and claim can carry it."""
_SECRET_BYTES = 32
_USED_TO = timedelta(hours=1)
"""How exactly a key's last use is kept: not every request is worth a write."""


class Scope(StrEnum):
    """What a credential opens."""

    READ = "read"
    """See one's own jobs and results."""
    JOBS = "jobs"
    """Order, try again, dismiss; and read."""
    METRICS = "metrics"
    """Read what the operation of the service is measured by."""


class UnknownKey(ClearleafError):
    """There is no API key of that id."""


class UnusableKey(ClearleafError):
    """The API key cannot be what was asked of it; says why."""


@dataclass(frozen=True)
class ApiKey:
    """One key, without its secret; `used` is to the hour."""

    id: str
    tenant: str
    name: str
    scopes: frozenset[Scope]
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    used: datetime | None


@dataclass(frozen=True)
class NewKey:
    """A key that was just made, and the only sight of its whole text."""

    key: ApiKey
    text: str


def opens(held: Collection[Scope], wanted: Scope) -> bool:
    """Return whether scopes open what needs one of them: who may order may also read."""
    return wanted in held or (wanted is Scope.READ and Scope.JOBS in held)


def bearer_of(header: str) -> str | None:
    """Return the credential of an Authorization header, or None where it holds no bearer credential."""
    scheme, _, credential = header.strip().partition(" ")
    return (credential.strip() or None) if scheme.lower() == "bearer" else None


class KeyBook:
    """The API keys of the job book."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, tenant: str, scopes: Collection[Scope], *, name: str = "", lasting: timedelta | None = None
    ) -> NewKey:
        """Return a new key.

        Args:
            tenant: whose jobs it opens.
            scopes: what it may do with them.
            name: what people call it.
            lasting: until it expires; None for ever.

        Raises:
            ValueError: no tenant can be called so, or the key would open nothing or last no time.
        """
        if not TENANT.fullmatch(tenant):
            raise ValueError(f"a tenant cannot be called {tenant!r}: 1 to 64 letters, digits and signs, no blanks")
        if not scopes:
            raise ValueError(f"a key without scopes opens nothing: give some of {', '.join(Scope)}")
        if lasting is not None and lasting <= timedelta():
            raise ValueError("a key must last for some time")
        with self._database.write() as db:
            now = self._database.now(db)
            return _insert(db, tenant, frozenset(scopes), name[:64], now, None if lasting is None else now + lasting)

    def list(self, tenant: str | None = None) -> Sequence[ApiKey]:
        """Return all keys, or those of a tenant, oldest first."""
        query = select(api_keys).order_by(api_keys.c.created, api_keys.c.id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        with self._database.read() as db:
            return [_key(row) for row in db.execute(query)]

    def rotate(self, key_id: str, overlap: timedelta) -> NewKey:
        """Return a new key with the rights and the lifetime of an old one, which ends after the overlap.

        Raises:
            UnknownKey: there is no such key.
            UnusableKey: it was revoked or has expired.
        """
        with self._database.write() as db:
            row, now = _row(db, key_id), self._database.now(db)
            if not _is_good(row, now):
                raise UnusableKey(f"key {key_id} was revoked or has expired: make one with `clearleaf keys create`")
            expires = None if row.expires is None else now + (row.expires - row.created)
            new = _insert(db, row.tenant, frozenset(map(Scope, row.scopes)), row.name, now, expires)
            end = now + overlap if row.expires is None else min(row.expires, now + overlap)
            db.execute(update(api_keys).where(api_keys.c.id == key_id).values(expires=end))
            return new

    def revoke(self, key_id: str) -> ApiKey:
        """Close a key for ever; said twice, it holds once.

        Raises:
            UnknownKey: there is no such key.
        """
        with self._database.write() as db:
            row = _row(db, key_id)
            if row.revoked is None:
                db.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked=self._database.now(db)))
            return _key(_row(db, key_id))

    def check(self, text: str) -> ApiKey | None:
        """Return the key that a text is, if it is good now; None for any other text."""
        parts = KEY.fullmatch(text)
        if parts is None:
            return None
        with self._database.read() as db:
            row = db.execute(select(api_keys).where(api_keys.c.id == parts[1])).one_or_none()
            now = self._database.now(db)
        # Compared in any case, so that time tells nobody which ids there are.
        stored = _NOBODYS if row is None else row.secret_sha256
        same = hmac.compare_digest(_sha256(parts[2]), stored)
        if row is None or not same or not _is_good(row, now):
            return None
        self._note_use(row, now)
        return _key(row)

    def _note_use(self, row: Row[Any], now: datetime) -> None:
        if row.used is not None and now - row.used < _USED_TO:
            return
        try:
            with self._database.write() as db:
                db.execute(update(api_keys).where(api_keys.c.id == row.id).values(used=now))
        except Unavailable:  # nobody is kept out because a note could not be taken
            log.warning("the last use of key %s could not be noted", row.id)


def _insert(
    db: Connection, tenant: str, scopes: frozenset[Scope], name: str, now: datetime, expires: datetime | None
) -> NewKey:
    key_id, secret = f"clk_{secrets.token_hex(6)}", secrets.token_urlsafe(_SECRET_BYTES)
    values = {"id": key_id, "tenant": tenant, "name": name, "created": now, "expires": expires}
    db.execute(insert(api_keys).values(**values, scopes=sorted(scopes), secret_sha256=_sha256(secret)))
    return NewKey(_key(_row(db, key_id)), f"{key_id}.{secret}")


def _row(db: Connection, key_id: str) -> Row[Any]:
    row = db.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise UnknownKey(f"there is no key {key_id[:40]!r}: `clearleaf keys list` shows which there are")
    return row


def _is_good(row: Row[Any], now: datetime) -> bool:
    return row.revoked is None and (row.expires is None or row.expires > now)


def _key(row: Row[Any]) -> ApiKey:
    scopes = frozenset(map(Scope, row.scopes))
    return ApiKey(row.id, row.tenant, row.name, scopes, row.created, row.expires, row.revoked, row.used)


def _sha256(secret: str) -> str:
    """Return the hash of a secret; 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


_NOBODYS = _sha256("")
