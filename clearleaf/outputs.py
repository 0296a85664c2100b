"""The folder of a job's results: what may be replaced, and how results come to stand there all at once."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import StorageFull

COLLECTION = "collection.json"


class BadOutput(RuntimeError):
    """Results cannot be put where they were asked for; says why."""


def check_output(out: Path, *, overwrite: bool) -> None:
    """Refuse a place whose content would be lost.

    Args:
        out: folder that the results shall fill.
        overwrite: earlier results may be replaced; anything else never is.

    Raises:
        BadOutput: it is a file, or holds something.
    """
    if out.exists() and not out.is_dir():
        raise BadOutput(f"--out {out} is a file: give a folder")
    if not out.exists() or not any(out.iterdir()):
        return
    if not overwrite:
        raise BadOutput(f"--out {out} is not empty: choose another folder, or add --overwrite")
    if not _holds_results(out):
        raise BadOutput(f"--out {out} holds no results of clearleaf, so --overwrite leaves it alone: choose another")


@contextmanager
def work_folder(out: Path) -> Iterator[Path]:
    """Give a hidden folder of our own beside the output, on the same disk; it is gone afterwards.

    Raises:
        StorageFull: it cannot be made.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".unfinished", dir=out.parent))
    except OSError as error:
        raise StorageFull(f"--out {out} cannot be made ({error.strerror}): choose another folder") from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def put_in_place(results: Path, out: Path, work: Path, *, overwrite: bool) -> None:
    """Move finished results to their place; what stood there goes to the work folder first, and back if that fails.

    Raises:
        BadOutput: something else has come to stand there meanwhile.
    """
    check_output(out, overwrite=overwrite)
    aside = work / "replaced"
    if out.exists():
        out.rename(aside)
    try:
        results.rename(out)
    except OSError as error:
        if aside.exists() and not out.exists():
            aside.rename(out)
        raise BadOutput(f"--out {out} cannot be written ({error.strerror}): choose another folder") from error


def _holds_results(folder: Path) -> bool:
    """Return whether a folder is what an earlier run left."""
    try:
        return "clearleaf:simulated" in json.loads((folder / COLLECTION).read_text())
    except (OSError, ValueError, TypeError):
        return False
