"""Lines of the log: one for each record, about something, and without what opens a door or shows a field."""

import json
import logging
import sys

import pytest

from jobs.job import JobRequest, Limits
from jobs.logs import JsonLines, TextLines, about, set_up
from jobs.redaction import redacted

SECRETS = {
    "https://user:pass@word@host/a.tif": "word@",
    "GET /jobs/1/results/lai.tif?expires=1&signature=0123456789abcdef failed": "0123456789abcdef",
    "https://bucket/a?X-Amz-Signature=fedcba9876543210": "fedcba98",
    "key clk_0123456789ab.uVZC0vRoAkrRKuNnVfBvIXTxWZpgzQwJ8uGdnWBjUVE was refused": "uVZC0vRo",
    "Authorization: Bearer abcdef.ghijkl-mnop": "ghijkl",
    '{"type": "Polygon", "coordinates": [[[3.02, 50.81], [3.03, 50.81], [3.02, 50.81]]]}': "50.81",
    "((3.02, 50.81), (3.03, 50.82))": "50.8",
    "POLYGON ((3.02 50.81, 3.03 50.82, 3.02 50.81))": "50.8",
    "MULTIPOLYGON Z (((3.02 50.81 1, 3.03 50.82 1)))": "50.8",
    "POLYGON ((3.02 5.1e1, 3.03 50.8123, 3.02 50.8123": "50.81",
    "cut: [[3.02, 50.81": "50.81",
    "postgresql://u:p/w@host/db is away": "p/w",
    "connection failed: password=hunter2": "hunter2",
    "AWS_SECRET_ACCESS_KEY='hunter2 and more'": "hunter2 and",
    "{'password': 'hunter2'}": "hunter2",
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYXJtIn0.c2lnbmF0dXJl was refused": "eyJzdWIi",
    "area [3.0216, 50.8101, 3.0301, 50.8190]": "50.8",
}


@pytest.fixture
def lines():
    """Returns what a logger has written as JSON since."""
    log = logging.getLogger("tests.lines")
    written: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(JsonLines())
    handler.emit = lambda record: written.append(handler.format(record))
    log.addHandler(handler)
    yield log, written
    log.removeHandler(handler)


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_or_a_place_does_not_get_into_a_line(text):
    assert SECRETS[text] in text
    assert SECRETS[text] not in redacted(text)
    record = logging.LogRecord("a", logging.INFO, __file__, 1, "said: %s", (text,), None)
    for lines in (JsonLines(), TextLines()):
        assert SECRETS[text] not in lines.format(record)


@pytest.mark.parametrize(
    "text",
    [
        "3 radar and 12 optical scenes, 4 tiles",
        "tile r000c000: attempt 2 (of 3)",
        "offset -1000 on 4 optical scenes: baseline 05.11",
        "accepted, 3 before it; again in 5 s",
        "https://archive.example.org/scene/B04.tif answers 503",
        "the token's claim 'sub' names no tenant",
        "the polygon (of the AOI) has no area",
    ],
)
def test_other_words_stay(text):
    assert redacted(text) == text


@pytest.mark.parametrize(
    "part",
    ["(", "( ", "(1,1 ", "(1 ", "1", "//a", "//a:", "POINT (", "POLYGON", " ", "secret", "eyJaaaaa-", "clk_1.", "?"],
)
def test_no_text_makes_redaction_slow(part):
    """Quadratic patterns take hours for this."""
    redacted(part * (1_000_000 // len(part)))


@pytest.mark.parametrize("lines", [TextLines, JsonLines])
def test_a_message_has_an_end(lines):
    try:
        raise ValueError("word " * 100_000 + "\n" + "line\n" * 10_000 + "the end")
    except ValueError:
        record = logging.LogRecord("a", logging.INFO, __file__, 1, "said: %s", ("word " * 100_000,), sys.exc_info())
    line = lines().format(record)
    assert len(line) < 120_000
    assert "(500006 characters)" in line
    assert "the end" in line


def test_nobody_forges_a_line_of_text():
    forged = "gone\n2026-01-01 00:00:00,000 INFO a all is well\x1b[2J\r\u2028"
    try:
        raise ValueError(forged)
    except ValueError:
        record = logging.LogRecord("a", logging.INFO, __file__, 1, forged, (), sys.exc_info())
    first, *trace = TextLines().format(record).splitlines()
    assert first.endswith("gone\\n2026-01-01 00:00:00,000 INFO a all is well\\x1b[2J\\r\\u2028")
    assert trace
    assert all(line.startswith("  ") and line.isprintable() for line in trace)


@pytest.fixture
def own_logging():
    """Gives the process its logging back."""
    root = logging.getLogger()
    levels = {log: log.level for log in (root, *map(logging.getLogger, ("alembic", "rasterio")))}
    handlers = root.handlers[:]
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    for log, level in levels.items():
        log.setLevel(level)


def test_a_look_at_the_job_book_is_no_news(own_logging, store, capsys):
    set_up("text")
    assert store.database.at_head()
    logging.getLogger("rasterio._env").info("CPLE_AppDefined in TIFFSetField: Cannot modify tag")
    logging.getLogger("jobs").info("news")
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["news"]


def test_a_line_says_what_it_is_about(lines):
    log, written = lines
    with about(job="j1", tenant="a", step="tile", attempt=2):
        log.warning("slow")
        log.warning("of another job", extra={"job": "j2"})
    log.warning("of none")
    first, second, third = map(json.loads, written)
    assert {name: first[name] for name in ("level", "logger", "message", "job", "tenant", "step", "attempt")} == {
        **{"level": "WARNING", "logger": "tests.lines", "message": "slow"},
        **{"job": "j1", "tenant": "a", "step": "tile", "attempt": 2},
    }
    assert first["time"].endswith("+00:00")
    assert (second["job"], "job" in third) == ("j2", False)


def test_a_traceback_is_in_its_line_and_hides_too(lines):
    log, written = lines
    try:
        raise ValueError("https://bucket/a?signature=fedcba98\nand more")
    except ValueError:
        log.exception("it failed\nbadly", extra={"secret": "not a fact of ours"})
    (line,) = written
    assert "\n" not in line
    assert "Traceback" in json.loads(line)["exception"]
    assert "fedcba98" not in line
    assert "not a fact" not in line


def test_errors_of_the_database_do_not_tell_orders(store, order, lines):
    log, written = lines
    request = JobRequest.parse(order, Limits())
    with store.database.write() as db:
        db.exec_driver_sql("DROP TABLE log")
    try:
        store.create(request)
    except Exception:
        log.exception("it failed: %s", sys.exc_info()[1])
    assert "INSERT INTO log" in written[0] or "no such table" in written[0]
    assert "50.81" not in written[0]
    assert "2018-05-01" not in written[0]
