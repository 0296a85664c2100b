"""How far a job is, as a log shows it."""

import io

import pytest
from rich.console import Console

from clearleaf import progress
from clearleaf.progress import overall, progress_bar, step_of, tell_info, time_left


def test_every_stage_is_a_numbered_step():
    assert [step_of(stage).split(",")[0] for stage in ("plan", "prepare", "tile", "finish")] == [
        f"step {i} of 4" for i in (1, 2, 3, 4)
    ]
    assert len({len(step_of(stage)) for stage in ("", "plan", "prepare")}) == 1


def test_what_is_left_follows_from_what_it_took():
    assert time_left(25, 60) == "0:03:00 left"
    assert time_left(1, 60).strip() == time_left(100, 60).strip() == ""


def test_a_log_has_few_lines_with_step_and_time_left(capsys, monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    with progress_bar() as tell:
        for share in range(0, 101, 2):
            tell(overall("tile", share / 100), "tile", f"tile [{share}] of 100")
    lines = capsys.readouterr().err.splitlines()
    assert 3 < len(lines) < 8
    assert all("step 3 of 4, tile" in line and " left" in line for line in lines)
    assert "tile [0] of 100" in lines[0]


def test_a_job_that_failed_takes_no_more_time(capsys):
    with progress_bar() as tell:
        tell_info(tell)({"progress": 50, "status": "failed", "message": "why"})
    said = capsys.readouterr().err
    assert "why" in said
    assert "left" not in said


@pytest.mark.parametrize("message", ["[/b] odd", "[red]x[/red]", "tile 3 of 12"])
def test_a_bar_shows_step_and_words_as_they_are(monkeypatch, message):
    out = io.StringIO()
    terminal = Console(file=out, force_terminal=True, width=140, markup=False)
    monkeypatch.setattr(progress, "plain_console", lambda **options: terminal)
    with progress_bar() as tell:
        tell_info(tell)({"progress": 50, "stage": "tile", "message": message})
    assert message in out.getvalue()
    assert "step 3 of 4" in out.getvalue()
