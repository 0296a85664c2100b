"""One scene per piece of ground and acquisition, one day per pass, one radiometry per job."""

from datetime import UTC, datetime, timedelta

import pytest
from shapely.geometry import box, mapping

from jobs.duplicates import newest_only, one_day_per_pass, one_radiometry
from jobs.scenes import Scene

NOON = datetime(2023, 5, 6, 12, tzinfo=UTC)


def scene(name, sensor="s2", when=NOON, ground=(20, 45, 21, 46), **facts) -> Scene:
    common = {"platform": "S2A" if sensor == "s2" else "S1A", "tile": "34TZZ" if sensor == "s2" else None}
    shape = mapping(box(*ground))
    common |= {"footprint": shape, "assets": {}, "href": "item.json", "datatake": "T1" if sensor == "s2" else name}
    return Scene(id=name, sensor=sensor, datetime=when, day=when.date(), **(common | facts))


def names(scenes) -> set[str]:
    return {scene.id for scene in scenes}


def test_of_processings_of_one_datatake_the_newest_baseline_stays_although_times_differ_by_milliseconds():
    old = scene("old", when=NOON - timedelta(milliseconds=9), baseline="02.12")
    new = scene("new", baseline="05.00", ground=(20, 45, 20.999, 46))
    kept, dropped = newest_only([old, new])
    assert names(kept) == {"new"}
    assert [(d.id, d.reason) for d in dropped] == [("old", "same acquisition as new, which is kept")]


def test_processings_without_a_datatake_are_one_acquisition_if_their_times_are_near():
    """As ids of Earth Search and of home-made archives are: the datatake is the scene's own time."""
    times = [NOON, NOON + timedelta(milliseconds=3), NOON + timedelta(minutes=14), NOON + timedelta(days=5)]
    scenes = [scene(str(i), when=t, datatake=t.isoformat(), baseline=f"05.0{i}") for i, t in enumerate(times)]
    kept, dropped = newest_only(scenes)
    assert names(kept) == {"2", "3"}
    assert {d.id for d in dropped} == {"0", "1"}


def test_of_one_baseline_the_one_made_last_stays():
    first, second = (scene(n, baseline="05.00", generated=f"2023-05-0{n}") for n in ("7", "8"))
    assert names(newest_only([first, second])[0]) == {"8"}


def test_two_pieces_of_one_tile_and_datatake_are_both_needed():
    """An acquisition that was cut between two downlinks: same tile, same datatake, same time on some archives."""
    north = scene("north", baseline="05.00", ground=(20, 45.4, 21, 46))
    south = scene("south", baseline="05.00", ground=(20, 45, 21, 45.45))
    kept, dropped = newest_only([north, south])
    assert (names(kept), dropped) == ({"north", "south"}, [])
    whole = scene("whole", baseline="05.10")
    assert names(newest_only([north, south, whole])[0]) == {"whole"}
    older = scene("older", baseline="02.12")
    assert names(newest_only([north, south, older])[0]) == {"north", "south"}


def test_neighbouring_tiles_satellites_and_days_are_no_duplicates():
    scenes = [
        scene("a"),
        scene("b", tile="34TZY"),
        scene("c", platform="S2B"),
        scene("d", when=NOON + timedelta(days=5), datatake="T2"),
    ]
    assert len(newest_only(scenes)[0]) == 4


def test_slices_of_a_radar_pass_stay_and_a_slice_that_comes_twice_does_not():
    later = NOON + timedelta(seconds=25)
    slices = [
        scene("one", "s1", relative_orbit=102, ground=(20, 45, 22, 46.5)),
        scene("two", "s1", later, relative_orbit=102, ground=(20, 43.6, 22, 45.1)),
        scene("two-again", "s1", later + timedelta(milliseconds=4), relative_orbit=102, ground=(20, 43.6, 22, 45.1)),
    ]
    kept, dropped = newest_only(slices)
    assert len(kept) == 2
    assert len(dropped) == 1
    assert "same acquisition" in dropped[0].reason


def test_a_pass_across_midnight_has_one_day_and_the_next_pass_its_own():
    before, after = (datetime(2023, 5, 6, 23, 59, 50, tzinfo=UTC) + timedelta(seconds=s) for s in (0, 25))
    found = one_day_per_pass(
        [
            scene("two", "s1", after, relative_orbit=7),
            scene("one", "s1", before, relative_orbit=7),
            scene("other", "s1", after, relative_orbit=8),
            scene("next", "s1", after + timedelta(minutes=99), relative_orbit=7),
        ]
    )
    days = {scene.id: scene.day.day for scene in found}
    assert days == {"one": 6, "two": 6, "other": 7, "next": 7}


def test_the_radar_convention_of_the_minority_is_left_out_by_name():
    scenes = [scene(f"g{i}", "s1", radiometry="gamma0") for i in range(3)]
    odd = scene("s", "s1", radiometry="sigma0")
    kept, dropped = one_radiometry([*scenes, odd, scene("optical")])
    assert names(kept) == {"g0", "g1", "g2", "optical"}
    assert [(d.id, d.reason) for d in dropped] == [
        ("s", "is sigma0, most radar scenes of this job are gamma0: the two do not mix")
    ]
    assert one_radiometry(scenes) == (scenes, [])


@pytest.mark.parametrize("count", [0, 1])
def test_few_scenes_are_no_trouble(count):
    scenes = [scene("a")][:count]
    assert newest_only(scenes) == (scenes, [])
    assert one_day_per_pass(scenes) == scenes
    assert one_radiometry(scenes) == (scenes, [])
