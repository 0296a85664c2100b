"""`clearleaf catalog`: which catalogues there are, and what is missing before jobs can read from one."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from clearleaf.cli import app
from clearleaf.simulated import write_catalogue
from jobs.load_settings import BadSettings, load_settings
from jobs.profiles import BUILT_IN
from models.simulation.site import SiteSpec
from worker.settings import WorkerSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    spec = SiteSpec(size_px=16, start=date(2023, 5, 1), end=date(2023, 5, 20), region="belgium", seed=1)
    return write_catalogue(spec, tmp_path_factory.mktemp("catalogue")).parent


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch):
    for name in ("CLEARLEAF_CATALOGS", "CLEARLEAF_DEFAULT_CATALOG", "PC_SDK_SUBSCRIPTION_KEY"):
        monkeypatch.delenv(name, raising=False)


def clearleaf(*arguments):
    return CliRunner().invoke(app, ["catalog", *map(str, arguments)], env={"COLUMNS": "200"})


def test_the_list_names_what_is_built_in_and_what_is_configured(monkeypatch, folder):
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps({"mine": str(folder), "far": "https://u:hunter2@a.org/v1"}))
    told = clearleaf("list").output
    assert all(name in told for name in (*BUILT_IN, "mine", "far", "https://a.org/v1"))
    assert "hunter2" not in told


def test_a_catalogue_that_has_everything_passes(folder):
    found = clearleaf("check", folder / "catalog.json")
    assert found.exit_code == 0, found.output
    assert "missing" not in found.output
    for what in ("endpoint", "collection", "item", "file"):
        assert found.output.count(f"{what}: ") == 2
    assert "offset -0.1 (processing baseline 05.10, bands declare -0.1)" in found.output
    assert "gamma0, linear power" in found.output


def source(folder, **facts):
    return {"href": str(folder), "collection": "sentinel-2-l2a"} | facts


@pytest.mark.parametrize(
    ("s2", "says"),
    [
        ({"href": "http://127.0.0.1:9/v1"}, "cannot be reached"),
        ({"collection": "landsat"}, "there is no landsat"),
        ({"assets": {"B03": "green"}}, "lacks the assets green"),
        ({"signing": "s3"}, "CLEARLEAF_SCENES_S3_ACCESS_KEY"),
        ({"href": "/nowhere"}, "there is no /nowhere/catalog.json"),
    ],
)
def test_what_is_missing_is_said_and_the_exit_code_is_one(monkeypatch, folder, s2, says):
    radar = {"href": str(folder), "collection": "sentinel-1-rtc"}
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps({"mine": {"s2": source(folder) | s2, "s1": radar}}))
    found = clearleaf("check", "mine")
    assert found.exit_code == 1
    assert says in found.output
    assert found.output.count("ok      Sentinel-1") == 4


def test_files_that_cannot_be_opened_are_said(monkeypatch, folder, tmp_path):
    import shutil

    copied = shutil.copytree(folder, tmp_path / "copied")
    for path in copied.glob("sentinel-1-rtc/*/vv.tif"):
        path.write_bytes(b"cut off")
    found = clearleaf("check", copied)
    assert found.exit_code == 1
    assert "a file is damaged" in found.output


def test_a_profile_without_radar_is_said_to_lack_it(monkeypatch, folder):
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps({"optical": {"s2": source(folder)}}))
    found = clearleaf("check", "optical")
    assert found.exit_code == 1
    assert "no source of radar" in found.output


def test_an_unknown_name_is_wrong_use():
    from clearleaf.orders import BadOption

    found = clearleaf("check", "nothing-of-that-name")
    assert isinstance(found.exception, BadOption)
    assert "clearleaf catalog list" in str(found.exception)


def test_settings_name_catalogues_in_short_and_in_full(monkeypatch, folder):
    named = {"pc": "planetary-computer", "mine": str(folder), "api": "https://stac.example.org/v1"}
    full = {"full": {"href": str(folder)}, "old": {"name": "old", "href": str(folder), "s1_collection": "mine"}}
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps(named | full))
    found = load_settings(WorkerSettings).catalogs
    assert {name: profile.name for name, profile in found.items()} == {name: name for name in named | full}
    assert found["pc"].sources == BUILT_IN["planetary-computer"].sources
    assert found["api"].sources["s2"].href == "https://stac.example.org/v1"
    assert found["old"].sources["s1"].collection == "mine"
    monkeypatch.setenv("CLEARLEAF_CATALOGS", '{"mine": "no/such/place"}')
    with pytest.raises(BadSettings, match="CLEARLEAF_CATALOGS: there is no no/such/place"):
        load_settings(WorkerSettings)


def test_the_key_of_the_planetary_computer_is_read_by_its_own_name_and_never_shown(monkeypatch):
    monkeypatch.setenv("PC_SDK_SUBSCRIPTION_KEY", "hunter2")
    settings = load_settings(WorkerSettings)
    assert settings.pc_subscription_key.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_up_takes_a_built_in_name_a_place_and_nothing_else(folder):
    from clearleaf.commands_service import _profile
    from clearleaf.orders import BadOption

    assert _profile("earth-search").sources == BUILT_IN["earth-search"].sources
    assert _profile("mine=planetary-computer").name == "mine"
    assert _profile(f"mine={folder}").href == str(folder)
    assert _profile("api=https://stac.example.org/v1").href == "https://stac.example.org/v1"
    for wrong in ("mine", "mine=", "mine=/no/such/place"):
        with pytest.raises(BadOption, match="--catalog"):
            _profile(wrong)
