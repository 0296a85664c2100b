"""`clearleaf run` as a shell sees it: exit codes, what it says, and what it leaves behind."""

import json
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from clearleaf.simulated import write_catalogue
from models.simulation.site import SiteSpec


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    spec = SiteSpec(size_px=36, start=date(2023, 4, 1), end=date(2023, 7, 31), region="belgium", seed=3)
    return write_catalogue(spec, tmp_path_factory.mktemp("catalogue")).parent


@pytest.fixture
def command(catalogue, tmp_path):
    """The command line of a small order, by option so that tests can change one."""
    options = {
        "--catalog": catalogue / "catalog.json",
        "--aoi": catalogue / "aoi.geojson",
        "--start": "2023-05-20",
        "--end": "2023-06-10",
        "--step-days": 7,
        "--context-days": 45,
        "--model": "prior",
        "--out": tmp_path / "out",
    }

    def line(**changed: object) -> list[str]:
        asked = options | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
        pairs = [(name, str(value)) for name, value in asked.items() if value is not None]
        return [sys.executable, "-m", "clearleaf", "run", *(part for pair in pairs for part in pair)]

    return line


def carried_out(line) -> subprocess.CompletedProcess:
    return subprocess.run(line, capture_output=True, text=True, timeout=200, check=False)


def test_a_job_without_servers_leaves_a_collection_and_nothing_else(command, tmp_path):
    done = carried_out(command())
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "out" / "collection.json") in done.stdout
    assert "sigma is the published one" in done.stdout  # four months are too few to hide anything from
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"collection.json", "accuracy.json", "manifest.json", "lai-2023-05-27.tif"} <= names
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["request"]["step_days"] == 7
    place = manifest["catalog"]["href"]  # enough to run the job again, from anywhere
    assert Path(place).is_absolute()
    assert Path(place).is_file()
    assert "tile 1 of 1: " in done.stderr
    assert "step 3 of 4, tile" in done.stderr


def test_a_configured_catalogue_is_named_and_no_more(command, catalogue, tmp_path, monkeypatch):
    configured = {"mine": {"name": "mine", "href": str(catalogue / "catalog.json")}}
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps(configured))
    done = carried_out(command(catalog="mine"))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["catalog"] == {"name": "mine"}
    for path in (tmp_path / "out").glob("*.json"):
        assert str(catalogue) not in path.read_text(), path.name


def test_exactly_the_named_dates_are_given_out(command, tmp_path):
    done = carried_out(command(step_days=None, dates="2023-05-21,2023-06-09"))
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").glob("lai-*.tif")) == ["lai-2023-05-21.tif", "lai-2023-06-09.tif"]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_job_leaves_nothing(command, tmp_path, sign):
    process = subprocess.Popen(command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 150
    while not list(tmp_path.glob(".out.*.unfinished/prepare/*")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(sign)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert b"interrupted: nothing half-done is left" in said
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_what_is_already_there_is_not_overwritten_unasked(command, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    done = carried_out(command())
    assert done.returncode != 0
    assert "--overwrite" in done.stderr
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"


def test_earlier_results_are_replaced_on_request(command, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "collection.json").write_text('{"clearleaf:simulated": true}')
    (tmp_path / "out" / "lai-1999-01-01.tif").write_text("old")
    done = carried_out([*command(), "--overwrite"])
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "out" / "lai-1999-01-01.tif").exists()
    assert (tmp_path / "out" / "lai-2023-05-27.tif").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_runs_beside_each_other_keep_out_of_each_others_way(command, tmp_path):
    """Same output folder, same time: one of them gets it, the other says why not."""
    both = [subprocess.Popen(command(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(2)]
    said = [process.communicate(timeout=200)[1].decode() for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert any("is not empty" in text for text in said)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "collection.json").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"end": "2023-05-01"}, "end 2023-05-01 lies before start 2023-05-20"),
        ({"weights": "none-such"}, "without-a"),
        ({"aoi": "nowhere.geojson"}, "--aoi nowhere.geojson cannot be read"),
        ({"catalog": "nowhere"}, "catalog.json"),
        ({"start": "2019-05-01", "end": "2019-05-09"}, "no-scenes"),
    ],
)
def test_a_wrong_order_is_told_what_is_wrong(command, tmp_path, changed, said):
    done = carried_out(command(**changed))
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_says_so(command, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = carried_out(command(out=tmp_path / "file" / "out"))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "file" in done.stderr
