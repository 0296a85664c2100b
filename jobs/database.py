"""The job book's database: connections, transactions and the clock that leases go by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, ColumnElement, Connection, Engine, create_engine, event, extract, func, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from jobs.errors import Unavailable
from jobs.settings import OWNER_ONLY
from jobs.urls import database_url

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_S = 15
"""How long a writer waits for another one."""
_CONNECT_S = 5
"""How long a database may take to answer a knock; one whose machine is gone does not even refuse."""
_IDLE_S = 30
"""A process that was stopped amid a transaction keeps others from the rows it has locked for no longer than this."""
_MIGRATION_LOCK = 0x636C6561
"""Any number, the same in every process: one migrates, the others wait and find nothing to do."""


class Database:
    """Short transactions on the job book; a database that is away is weather."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run a transaction that only reads."""
        with _weather(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run a transaction that writes; SQLite takes its one write lock at once instead of failing half-way."""
        with _weather(), self.engine.connect() as connection:
            connection = connection.execution_options(clearleaf_write=True)
            with connection.begin():
                yield connection

    def now(self, connection: Connection) -> datetime:
        """Return the database's time: workers' clocks may be wrong. SQLite has only ours."""
        if self.is_sqlite:
            return datetime.now(UTC)
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)

    def seconds(self, earlier: ColumnElement[Any], later: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return, in a query, the seconds between two moments; NULL where either is."""
        if self.is_sqlite:
            return (func.julianday(later) - func.julianday(earlier)) * 86_400
        return extract("epoch", later - earlier)

    def migrate(self) -> None:
        """Bring the schema to the newest version; one that a later release has made is left as it is."""
        with self.write() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # one migrates, however long; the others wait
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            if _reaches_head(connection):
                return
            config = _alembic()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def at_head(self) -> bool:
        """Return whether the schema is the newest version, or that of a later release.

        Migrations only add what code of the release before can live with, so that it goes on while the next one is
        rolled out, and can be gone back to.
        """
        with self.read() as connection:
            return _reaches_head(connection)


def _reaches_head(connection: Connection) -> bool:
    current = MigrationContext.configure(connection).get_current_revision()
    head, known = _revisions()
    return current == head or (current is not None and current not in known)


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """Return the newest version of the schema, and all that this release knows; to read them from files takes long."""
    script = ScriptDirectory.from_config(_alembic())
    return script.get_current_head(), frozenset(revision.revision for revision in script.walk_revisions())


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _engine(url: str) -> Engine:
    """Return an engine whose errors do not tell parameters: orders are among them."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed)
    if parsed.database:
        Path(parsed.database).parent.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": _BUSY_S}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    patience = {"connect_timeout": _CONNECT_S, "keepalives_idle": _IDLE_S, "application_name": "clearleaf"}
    given = {name: value for name, value in patience.items() if name not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=given, hide_parameters=True)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(1000 * _BUSY_S)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {int(1000 * _IDLE_S)}")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("clearleaf_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _weather() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:  # the last one: ended by a time-out of ours
        said = f"the job book cannot be reached: {error.orig}"  # with its host, address and user
        raise Unavailable(said, retry_after=5, told="the job book is away") from error
