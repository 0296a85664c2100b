"""`clearleaf keys`: on the job book directly, no service needed."""

import re
import stat
from contextlib import suppress

import pytest
from typer.testing import CliRunner

from clearleaf.cli import app
from clearleaf.orders import BadOption
from jobs.api_keys import KEY, KeyBook, Scope, UnknownKey
from jobs.database import Database


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch):
    for name in ("CLEARLEAF_DATABASE_URL", "CLEARLEAF_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def keys(tmp_path, book):
    def call(*arguments):
        command = ["keys", *map(str, arguments), "--data", str(tmp_path / "data")]
        return CliRunner().invoke(app, command, env={"COLUMNS": "200"})

    return call


@pytest.fixture
def book(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'data' / 'jobs.sqlite'}")
    database.migrate()
    return KeyBook(database)


def test_a_key_is_printed_alone_and_once(keys, book):
    made = keys("create", "--tenant", "farm", "--scope", "jobs", "--scope", "metrics", "--expires-days", 30)
    text = made.stdout.strip()
    assert KEY.fullmatch(text)
    found = book.check(text)
    assert (found.tenant, found.scopes) == ("farm", {Scope.JOBS, Scope.METRICS})
    assert (found.expires - found.created).days == 30
    listed = keys("list").output
    assert found.id in listed
    assert text.split(".")[1] not in listed


def test_a_file_is_its_owners_alone_and_a_set_up_may_run_twice(keys, book, tmp_path):
    file = tmp_path / "secrets" / "key"
    made = keys("create", "--tenant", "farm", "--out", file)
    text = file.read_text().strip()
    assert text not in made.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert book.check(text).scopes == {Scope.JOBS}
    again = keys("create", "--tenant", "farm", "--out", file)
    assert again.exit_code == 0
    assert file.read_text().strip() == text
    assert len(book.list()) == 1
    for others in (("--tenant", "mill"), ("--tenant", "farm", "--scope", "metrics")):
        refused = keys("create", *others, "--out", file)
        assert isinstance(refused.exception, BadOption)
    assert file.read_text().strip() == text


def test_rotate_and_revoke(keys, book):
    old = keys("create", "--tenant", "farm", "--name", "tractor").stdout.strip()
    new = keys("rotate", old.split(".")[0], "--overlap-hours", 1).stdout.strip()
    assert book.check(old)
    assert book.check(new).name == "tractor"
    assert "revoked" in keys("revoke", old.split(".")[0]).output
    assert book.check(old) is None
    lines = keys("list", "--tenant", "farm").output.splitlines()
    assert [re.split(r" {2,}", line)[:4] for line in lines] == [
        [old.split(".")[0], "revoked", "farm", "jobs"],
        [new.split(".")[0], "good", "farm", "jobs"],
    ]
    assert isinstance(keys("revoke", "clk_000000000000").exception, UnknownKey)


@pytest.mark.parametrize("out", ["/proc/nope/key", "/", "/dev/null/key", "/dev/full", "/x" * 3000])
def test_a_file_that_cannot_be_makes_no_key_and_ends_none(keys, book, out):
    old = keys("create", "--tenant", "farm").stdout.strip()
    for refused in (
        keys("rotate", old.split(".")[0], "--overlap-hours", 0, "--out", out),
        keys("create", "--tenant", "farm", "--out", out),
    ):
        assert isinstance(refused.exception, BadOption), refused.output
        assert "--out" in str(refused.exception)
    assert book.check(old)
    assert len(book.list()) == 1


def test_a_full_disk_makes_no_key_and_ends_none(keys, book, small_disk):
    old = keys("create", "--tenant", "farm").stdout.strip()
    with suppress(OSError), (small_disk / "rest").open("wb", buffering=0) as file:
        while file.write(bytes(2**12)):
            pass
    refused = keys("rotate", old.split(".")[0], "--overlap-hours", 0, "--out", small_disk / "key")
    assert isinstance(refused.exception, BadOption)
    assert not (small_disk / "key").exists()
    assert book.check(old)
    assert len(book.list()) == 1


def test_a_key_that_cannot_be_rotated_leaves_no_file(keys, tmp_path):
    refused = keys("rotate", "clk_000000000000", "--out", tmp_path / "key")
    assert isinstance(refused.exception, UnknownKey)
    assert not (tmp_path / "key").exists()


def test_a_rotated_key_is_in_its_file(keys, book, tmp_path):
    old = keys("create", "--tenant", "farm").stdout.strip()
    keys("rotate", old.split(".")[0], "--overlap-hours", 0, "--out", tmp_path / "key")
    assert book.check((tmp_path / "key").read_text().removesuffix("\n"))
    assert book.check(old) is None


def test_a_whole_key_is_taken_by_its_id_and_not_told(keys, book):
    text = keys("create", "--tenant", "farm").stdout.strip()
    revoked = keys("revoke", text)
    assert "revoked" in revoked.output
    assert book.check(text) is None
    unknown = keys("revoke", f"clk_000000000000.{'s' * 43}")
    assert isinstance(unknown.exception, UnknownKey)
    assert "sss" not in str(unknown.exception)


def test_a_book_that_is_not_there_is_not_made(tmp_path):
    refused = CliRunner().invoke(app, ["keys", "create", "--tenant", "farm", "--data", str(tmp_path / "typo")])
    assert isinstance(refused.exception, BadOption)
    assert "typo" in str(refused.exception)
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("span", ["1e9", "1e12", "inf"])
def test_a_span_without_sense_is_said(keys, book, span):
    old = keys("create", "--tenant", "farm").stdout.strip()
    for refused in (
        keys("create", "--tenant", "farm", "--expires-days", span),
        keys("rotate", old.split(".")[0], "--overlap-hours", span),
    ):
        assert isinstance(refused.exception, BadOption), refused.output
    assert len(book.list()) == 1


def test_what_cannot_be_is_said(keys):
    assert isinstance(keys("create", "--tenant", "a b").exception, BadOption)
    assert isinstance(keys("create", "--tenant", "farm", "--expires-days", 0).exception, BadOption)
    assert keys("create", "--tenant", "farm", "--scope", "all").exit_code == 2
    assert keys("create").exit_code == 2


def test_a_book_of_several_machines_is_migrated_by_its_own_command(monkeypatch, tmp_path):
    monkeypatch.setenv("CLEARLEAF_DATABASE_URL", f"sqlite:///{tmp_path / 'shared.sqlite'}")
    refused = CliRunner().invoke(app, ["keys", "create", "--tenant", "farm"])
    assert isinstance(refused.exception, BadOption)
    assert "clearleaf migrate" in str(refused.exception)
