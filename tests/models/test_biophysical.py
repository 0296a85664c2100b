"""The LAI network gives the published values, and knows where it may be trusted."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from models import biophysical
from models.series import OpticalSeries

DATA = Path(__file__).parent / "data"
REAL = Path(os.environ.get("CLEARLEAF_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "real")) / "sl2p"
ANGLES = np.array([0.99, 0.8, 0.2], dtype=np.float32)


def cases(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        rows = np.array([[float(v) for v in row] for row in list(csv.reader(lines))[1:]], dtype=np.float32)
    rows = rows[np.isfinite(rows).all(axis=1)]
    return rows[:, :8], rows[:, 8:11], rows[:, 11]


def optical(reflectance, usable, platforms, water=None):
    n = usable.shape[0]
    return OpticalSeries(
        reflectance=reflectance,
        clear=usable.copy(),
        usable=usable,
        water=np.zeros_like(usable) if water is None else water,
        snow=np.zeros_like(usable),
        days=np.arange(n, dtype=np.int32),
        cosines=np.tile(ANGLES, (n, 1)),
        platforms=platforms,
    )


@pytest.mark.parametrize("platform", ["S2A", "S2B"])
def test_published_cases_are_reproduced(platform):
    reflectance, cosines, expected = cases(DATA / f"sl2p_cases_{platform}.csv")
    found = biophysical.lai(reflectance, cosines, platform)
    np.testing.assert_allclose(found, np.clip(expected, 0, 8), atol=4e-4, rtol=0)


@pytest.mark.real
@pytest.mark.parametrize(
    ("platform", "file", "share"),
    [("S2A", "testcases_v3_S2A.csv.gz", 0.33), ("S2B", "testcases_v3_S2B.csv", 0.54)],
)
def test_all_published_cases_and_their_domain_share(platform, file, share):
    if not (REAL / file).exists():
        pytest.skip("real data are not here")
    reflectance, cosines, expected = cases(REAL / file)
    found = biophysical.lai(reflectance, cosines, platform)
    np.testing.assert_allclose(found, np.clip(expected, 0, 8), atol=4e-4, rtol=0)
    assert biophysical.in_domain(reflectance, platform).mean() == pytest.approx(share, abs=0.01)


def test_s2c_uses_the_numbers_of_s2b_and_s2a_its_own():
    reflectance, cosines, _ = cases(DATA / "sl2p_cases_S2B.csv")
    lai = {p: biophysical.lai(reflectance, cosines, p) for p in ("S2A", "S2B", "S2C")}
    np.testing.assert_array_equal(lai["S2C"], lai["S2B"])
    assert np.abs(lai["S2A"] - lai["S2B"]).max() > 0.05


def test_a_cell_is_a_tuple_and_not_a_number_of_joined_digits():
    domain = biophysical._domain("S2A")
    cells = np.array([[(c >> (4 * (7 - b))) & 15 for b in range(8)] for c in domain.cells[:500]])
    centres = domain.low.T + (cells - 0.5) / 10 * (domain.high - domain.low).T
    assert biophysical.in_domain(centres.astype(np.float32), "S2A").all()
    assert not biophysical.in_domain(np.full((1, 8), 0.01, np.float32), "S2A").any()  # below the least near infrared
    assert not biophysical.in_domain(np.full((1, 8), np.nan, np.float32), "S2A").any()


def test_only_usable_pixels_with_reflectance_get_a_value():
    rows, _, _ = cases(DATA / "sl2p_cases_S2A.csv")
    reflectance = np.moveaxis(rows[:32].reshape(2, 4, 4, 8), 3, 1).copy()
    usable = np.ones((2, 4, 4), bool)
    usable[0, 0, 0] = False
    reflectance[1, 3, 2, 2] = np.nan
    seen = biophysical.observed_lai(optical(reflectance, usable, ("S2A", "S2B")))
    missing = np.isnan(seen.lai)
    assert missing[0, 0, 0]
    assert missing[1, 2, 2]
    assert missing.sum() == 2
    assert not seen.in_domain[missing].any()
    assert ((seen.lai >= 0) & (seen.lai <= 8))[~missing].all()
    expected = biophysical.lai(np.moveaxis(reflectance[1], 0, -1), ANGLES, "S2B")
    np.testing.assert_allclose(seen.lai[1], expected, atol=1e-5)


def test_an_output_far_out_of_range_is_clipped_and_flagged():
    rows, cosines, _ = cases(DATA / "sl2p_cases_S2A.csv")
    network, _ = biophysical._lai_network("S2A")
    raw = biophysical._apply(network, rows, cosines)
    far = (raw < -0.2) | (raw > 8.2)
    values, inside = zip(
        *(biophysical._retrieve(r[:, None], c[:, None], "S2A") for r, c in zip(rows, cosines, strict=True)), strict=True
    )
    assert not np.concatenate(inside)[far].any()
    assert np.isfinite(np.concatenate(values)).all()


def test_land_is_what_most_clear_looks_call_land():
    usable = np.ones((3, 1, 2), bool)
    water = np.zeros((3, 1, 2), bool)
    water[:2, 0, 0] = True
    usable[:2, 0, 0] = False
    reflectance = np.full((3, 8, 1, 2), 0.2, np.float32)
    seen = biophysical.observed_lai(optical(reflectance, usable, ("S2A",) * 3, water))
    assert seen.land.tolist() == [[False, True]]


def test_chunks_do_not_show(monkeypatch):
    reflectance, cosines, _ = cases(DATA / "sl2p_cases_S2A.csv")
    whole = biophysical.lai(reflectance, cosines, "S2A"), biophysical.in_domain(reflectance, "S2A")
    monkeypatch.setattr(biophysical, "_CHUNK", 7)
    np.testing.assert_allclose(biophysical.lai(reflectance, cosines, "S2A"), whole[0], atol=1e-5)
    np.testing.assert_array_equal(biophysical.in_domain(reflectance, "S2A"), whole[1])


def test_angles_that_fit_no_pixel_are_refused():
    with pytest.raises(ValueError, match="angles"):
        biophysical.lai(np.zeros((4, 8), np.float32), np.zeros((3, 3), np.float32), "S2A")
