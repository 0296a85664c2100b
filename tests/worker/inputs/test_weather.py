"""An archive in trouble is waited for and left alone; a job that lost its scenes to it does not look successful."""

import time
from contextlib import nullcontext

import pytest

from jobs.errors import AccessDenied, Unavailable
from worker.inputs import read as reading
from worker.inputs.band import GDAL_SETTINGS
from worker.inputs.read import SceneReader
from worker.inputs.settle import settle
from worker.inputs.weather import LONGEST_WAIT_S, MOST_TROUBLES, Fault, UnreadScene, wait_if_many_are_lost

READER = SceneReader(threads=2, tries=3)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(reading, "RETRY_PAUSE_S", 0.0)
    monkeypatch.setitem(GDAL_SETTINGS, "GDAL_HTTP_RETRY_DELAY", "0.01")


@pytest.fixture
def remote(plan, there):
    """Return the planned optical scenes, all of them in the archive."""
    return [there(scene) for scene in plan.s2_scenes]


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(503, {"Retry-After": "120"}, 120), (429, {"Retry-After": "90"}, 90), (500, {}, None)],
)
def test_an_archive_whose_files_are_all_away_is_weather(plan, remote, archive, status, headers, wait):
    archive.trouble = (status, headers)
    with pytest.raises(Unavailable, match=rf"optical scenes could not be read: the archive answered {status}") as away:
        READER.read_s2(remote, plan.geobox)
    assert away.value.retry_after == wait
    assert str(len(remote)) in str(away.value)
    assert len(archive.asked) <= (MOST_TROUBLES + READER.threads) * 5  # and not once more for every scene


def test_a_silent_archive_costs_its_patience_a_few_times_and_no_more(plan, remote, archive, monkeypatch):
    monkeypatch.setitem(GDAL_SETTINGS, "GDAL_HTTP_LOW_SPEED_TIME", "1")
    archive.silent_s = 30
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer in time"):
        READER.read_s2(remote, plan.geobox)
    assert len(remote) > 10
    assert time.monotonic() - begun < 15
    assert len(archive.asked) <= MOST_TROUBLES + READER.threads


def test_an_archive_that_is_gone_is_weather(plan, remote, archive):
    archive.shutdown()
    archive.server_close()
    with pytest.raises(Unavailable, match="the archive cannot be reached"):
        READER.read_s2(remote, plan.geobox)


def test_one_scene_that_is_away_is_named_asked_for_little_and_the_others_are_there(plan, remote, archive):
    archive.trouble, archive.troubled = (503, {}), remote[1].id
    stack = READER.read_s2(remote, plan.geobox)
    assert [(s.id, s.reason) for s in stack.skipped] == [(remote[1].id, "could not be read: the archive answered 503")]
    assert len(stack.series.days) == len(remote) - 1
    assert sum(remote[1].id in path for path in archive.asked) <= 5
    archive.trouble = None
    assert READER.read_s2(remote, plan.geobox).skipped == ()


def test_what_is_not_there_is_the_files_fault_and_asked_for_once(plan, remote, archive):
    archive.trouble, archive.troubled = (404, {}), f"{remote[1].id}/B05"
    stack = READER.read_s2(remote, plan.geobox)
    assert [s.reason for s in stack.skipped] == ["could not be read: the archive answered 404"]
    assert sum(archive.troubled in path for path in archive.asked) == 1


def test_trouble_in_the_middle_of_a_file_is_no_damage(plan, remote, archive, monkeypatch):
    """GDAL calls it a failed read of a block: the archive itself is asked."""

    def fail(*arguments, **options):
        archive.trouble = (503, {"Retry-After": "7"})
        raise OSError("IReadBlock failed; TIFFReadEncodedTile() failed")

    monkeypatch.setattr(reading, "read_band", fail)
    with pytest.raises(Unavailable, match="answered 503") as away:
        READER.read_s2(remote[:1], plan.geobox)
    assert away.value.retry_after == 7


def test_a_short_wait_that_the_archive_asks_for_is_waited_out(plan, remote, archive, monkeypatch):
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        archive.trouble = None

    monkeypatch.setattr(reading.time, "sleep", pause)
    archive.trouble = (503, {"Retry-After": "2"})
    assert SceneReader(threads=1).read_s2(remote[:1], plan.geobox).skipped == ()
    assert pauses == [2.0]


def unread(count, reason="could not be read: the archive answered 503", wait=None):
    return [UnreadScene.of(str(i), Fault(reason, wait)) for i in range(count)]


@pytest.mark.parametrize(("asked", "lost", "waits"), [(1, 1, True), (9, 1, False), (40, 4, False), (40, 5, True)])
def test_few_losses_are_named_and_many_are_waited_for(asked, lost, waits):
    with pytest.raises(Unavailable) if waits else nullcontext():
        wait_if_many_are_lost("s2", asked, unread(lost))


def test_nobody_waits_for_days_and_a_closed_archive_is_not_waited_for():
    with pytest.raises(Unavailable) as away:
        wait_if_many_are_lost("s1", 3, unread(3, wait=86_400))
    assert away.value.retry_after == LONGEST_WAIT_S
    with pytest.raises(AccessDenied, match=r"3 of 3 radar scenes .* 403: check the keys"):
        wait_if_many_are_lost("s1", 3, unread(3, "could not be read: the archive answered 403"))
    with pytest.raises(Unavailable, match="a file is damaged"):
        wait_if_many_are_lost("s2", 3, unread(3, "could not be read: a file is damaged"))
    wait_if_many_are_lost("s2", 2, unread(2, "could not be read: a file is damaged"))


def test_a_plan_whose_open_scenes_are_away_waits_instead_of_dropping_them(plan, remote, archive):
    archive.trouble = (503, {"Retry-After": "60"})
    doubtful = tuple(scene.model_copy(update={"offset_open": True, "offset_reason": "?"}) for scene in remote)
    with pytest.raises(Unavailable, match="answered 503") as away:
        settle(plan.model_copy(update={"scenes": doubtful}), READER)
    assert away.value.retry_after == 60
