"""The picture of a season is drawn whatever a job holds."""

import warnings
from datetime import date, timedelta

import numpy as np
import pytest
from PIL import Image

from jobs.legends import LAI_RAMP, STEPS, WATER
from worker.outputs.picture import MAPS, SEASON_FILE, _Season, _spread


def drawn(folder) -> np.ndarray:
    """The picture's pixels, (H, W, 3)."""
    with Image.open(folder / SEASON_FILE) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def share_of(picture, colour, tolerance=6) -> float:
    """The share of a picture's pixels in a colour."""
    return float((np.abs(picture - np.array(colour)).max(axis=-1) <= tolerance).mean())


def colour_of(lai) -> list[int]:
    return list(LAI_RAMP.table()[round(lai / LAI_RAMP.maximum * (STEPS - 1))])


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.mark.parametrize("with_parcels", [False, True])
@pytest.mark.parametrize("dates", [["2023-06-09"], ["2023-05-20", "2023-06-01", "2023-06-09"]])
def test_maps_are_in_the_colour_of_their_lai(make_it, order, published, dates, with_parcels):
    members = {"parcels": order["parcels"] if with_parcels else None, "dates": dates, "step_days": None}
    picture = drawn(published(make_it(**members), lai=3.0))
    assert share_of(picture, colour_of(3.0)) > 0.03
    assert share_of(picture, (230, 230, 230)) > 0.01  # every second column was not observed
    assert share_of(picture, colour_of(1.0)) < 0.01


@pytest.mark.parametrize("with_parcels", [False, True])
def test_a_season_without_any_data_is_drawn_empty(make_it, order, published, with_parcels):
    members = {} if with_parcels else {"parcels": None}
    picture = drawn(published(make_it(**members), lai=np.nan))
    assert share_of(picture, (230, 230, 230)) > 0.1
    assert share_of(picture, colour_of(3.0)) < 0.01


@pytest.mark.parametrize("name", [SEASON_FILE, "thumbnail-2023-06-09.png"])
def test_water_is_striped_and_never_drawn_as_an_lai(make_it, order, published, name):
    plan = make_it(parcels=None, dates=["2023-06-09"], step_days=None)
    folder = published(plan, lai=0.0, wet_rows=plan.shape[0])
    with Image.open(folder / name) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    light, dark = (share_of(pixels, colour, tolerance=1) for colour in WATER.colours)
    assert light > 0.02
    assert dark == pytest.approx(light, rel=0.25)
    assert share_of(pixels, colour_of(0.0), tolerance=1) < 0.005


def test_a_thumbnail_has_the_colours_of_the_tiles_and_transparent_gaps(make_it, published):
    plan = make_it(parcels=None, dates=["2023-06-09"], step_days=None)
    for lai, opaque in ((3.0, 255), (np.nan, 0)):
        with Image.open(published(plan, lai=lai) / "thumbnail-2023-06-09.png") as picture:
            pixels = np.asarray(picture)
        assert (pixels[..., 3] == opaque).all()
        assert max(pixels.shape[:2]) <= 256
        if opaque:
            assert (pixels[..., :3] == colour_of(lai)).all()


@pytest.mark.parametrize("count", [1, 2, 5, 7, 8, 12, 40])
def test_as_many_dates_as_there_is_room_for_whatever_was_observed(count):
    rng = np.random.default_rng(count)
    days = [date(2023, 5, 1) + timedelta(days=i) for i in range(count)]
    for _ in range(50):
        share = rng.choice([0.0, 0.5, 1.0], count)
        observed = np.repeat(np.arange(10) / 10 < share[:, None], 2, axis=0).reshape(count, 2, 10)
        maps = np.ones((count, 2, 10), np.float32)
        shown = _spread(_Season(days, maps, maps, observed, np.zeros_like(observed)))
        assert len(set(shown)) == len(shown) == min(count, MAPS)
        assert shown == sorted(shown)


def test_a_parcel_without_data_is_not_the_one_that_is_drawn(make_it, order, published):
    ring = [[3.0, 50.0], [3.001, 50.0], [3.001, 50.001], [3.0, 50.001], [3.0, 50.0]]
    far = {"type": "Feature", "id": "far", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    near = order["parcels"]["features"][0]

    def picture(*features):
        return drawn(published(make_it(parcels={"type": "FeatureCollection", "features": list(features)})))

    np.testing.assert_array_equal(picture(far, near), picture(near))
