"""Commands about the keys of the API; they need the job book and no running service."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from clearleaf.consoles import plain_console
from clearleaf.key_file import holds_good_key, new_key_file
from clearleaf.orders import BadOption
from jobs.api_keys import ApiKey, KeyBook, NewKey, Scope
from jobs.database import Database
from jobs.load_settings import load_settings
from jobs.settings import JobsSettings

console, note_console = plain_console(), plain_console(stderr=True)
keys = typer.Typer(no_args_is_help=True, help="Keys of the API: who may order, read, or measure.")

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of an embedded service; without it, what CLEARLEAF_* say.")
]
Out = Annotated[Path | None, typer.Option("--out", help="File for the key, readable by its owner alone.")]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's first part, as `clearleaf keys list` shows it.")]

LONGEST = timedelta(days=36_500)
"""Longer than anybody needs, and far from where dates end."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys, name="keys", rich_help_panel="Serve")


@keys.command("create")
def create(
    tenant: Annotated[str, typer.Option("--tenant", help="Whose jobs the key opens.")],
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it may do; repeatable. jobs, unless given.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What to call it in lists.")] = "",
    expires_days: Annotated[
        float | None, typer.Option("--expires-days", help="Days that it holds; for ever, unless given.")
    ] = None,
    out: Out = None,
    data: Data = None,
) -> None:
    """Make a key and print it, this once; the job book keeps only its hash.

    Example: clearleaf keys create --tenant farm --scope jobs --expires-days 365
    """
    book, scopes = _book(data), frozenset(scope or [Scope.JOBS])
    if out is not None and os.path.lexists(out):
        if not holds_good_key(out, book, tenant, scopes):
            raise BadOption(f"--out {out} exists and holds no good key of {tenant} with these scopes: remove it first")
        note_console.print(f"{out} holds a good key already; nothing was made")
        return
    lasting = None if expires_days is None else _span("--expires-days", days=expires_days)
    try:
        _hand_over(lambda: book.create(tenant, scopes, name=name, lasting=lasting), out)
    except ValueError as error:
        raise BadOption(str(error)) from error


@keys.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Those of one tenant only.")] = None,
    data: Data = None,
) -> None:
    """List the keys, never their secrets."""
    for key in _book(data).list(tenant):  # a line each: an id is there to be copied, so nothing is ever cut
        console.print(_line(key))


@keys.command("rotate")
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option("--overlap-hours", min=0, help="Hours for which the old key goes on.")
    ] = 24,
    out: Out = None,
    data: Data = None,
) -> None:
    """Make a key that takes the place of another one; the old one holds for the overlap."""
    overlap, book, key_id = _span("--overlap-hours", hours=overlap_hours), _book(data), _id(key_id)
    _hand_over(lambda: book.rotate(key_id, overlap), out)
    note_console.print(f"{key_id} ends in {overlap_hours:g} h")


@keys.command("revoke")
def revoke(key_id: KeyId, data: Data = None) -> None:
    """Close a key for ever; running services refuse it within seconds."""
    key = _book(data).revoke(_id(key_id))
    console.print(f"{key.id} of {key.tenant} is revoked")


def _book(data: Path | None) -> KeyBook:
    """Return the keys of the job book, which is brought to its newest version where it is an embedded service's own.

    Raises:
        BadOption: there is none, or it is others' to bring to its newest version.
    """
    given = {} if data is None else {"data_dir": data}
    settings = load_settings(JobsSettings, **given)
    if not settings.database_url and not (settings.data_dir / "jobs.sqlite").is_file():
        where = "CLEARLEAF_DATA_DIR" if data is None else "--data"
        raise BadOption(
            f"{where} {settings.data_dir} holds no job book: name the folder of `clearleaf up`, started once"
        )
    database = Database(settings.database)
    if not database.at_head():
        if settings.database_url:
            raise BadOption("the job book is not at its newest version: run `clearleaf migrate` first")
        database.migrate()
    return KeyBook(database)


def _hand_over(make: Callable[[], NewKey], out: Path | None) -> None:
    """Make a key once it is certain that its owner will see it."""
    if out is None:
        console.print(make().text)  # alone on its line, for `KEY=$(clearleaf keys create ...)`
        note_console.print("this is the only time that the key is shown")
        return
    with new_key_file(out) as file:
        made = make()
        file.write(made.text + "\n")
    note_console.print(f"key {made.key.id} is in {out}")


def _id(given: str) -> str:
    """Return a key's id, also where the whole key was given: its secret is told to nobody, not even in an error."""
    return given.partition(".")[0]


def _span(option: str, **given: float) -> timedelta:
    try:
        span = timedelta(**given)
    except (OverflowError, ValueError):  # no number at all
        span = timedelta.max
    if abs(span) > LONGEST:
        raise BadOption(f"{option} {next(iter(given.values())):g} is more than a hundred years: give less")
    return span


def _line(key: ApiKey) -> str:
    scopes, moments = ",".join(sorted(key.scopes)), {"created": key.created, "expires": key.expires, "used": key.used}
    told = "  ".join(f"{name} {at:%Y-%m-%d %H:%M}" if at else f"{name} never" for name, at in moments.items())
    return f"{key.id}  {_state(key):<7}  {key.tenant}  {scopes}  {told}  {key.name}".rstrip()


def _state(key: ApiKey) -> str:
    if key.revoked is not None:
        return "revoked"
    return "expired" if key.expires is not None and key.expires <= datetime.now(UTC) else "good"
