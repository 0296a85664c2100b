"""How values become stored numbers, and which quality class wins."""

import numpy as np
import pytest

from worker.outputs.assets import DAYS_TO_CLEAR, LAI, QUALITY, classify


def test_what_is_stored_is_read_back_within_half_a_step():
    values = np.array([0, 0.0004, 3.2106, 7.9999, np.nan], np.float32)
    back = LAI.decode(LAI.encode(values))
    np.testing.assert_allclose(back[:4], values[:4], atol=0.0005)
    assert np.isnan(back[4])


def test_what_is_out_of_range_stays_in_range_and_is_never_taken_for_no_data():
    assert LAI.encode(np.array([-99.0, 99.0])).tolist() == [-32767, 32767]
    assert DAYS_TO_CLEAR.encode(np.array([1e6, np.nan])).tolist() == [65534, 65535]


@pytest.mark.parametrize(
    ("lai", "observed", "in_domain", "wet", "age", "expected"),
    [
        (np.nan, True, False, True, 0, 0),
        (1.0, True, False, True, 0, 5),
        (1.0, True, False, False, 0, 4),
        (1.0, True, True, False, 0, 1),
        (1.0, False, False, False, 31, 3),
        (1.0, False, False, False, -1, 3),
        (1.0, False, False, False, 30, 2),
    ],
)
def test_the_first_rule_that_holds_wins(lai, observed, in_domain, wet, age, expected):
    cube = [np.full((1, 1, 1), value) for value in (lai, observed, in_domain, wet, age)]
    assert classify(*cube).item() == expected
    assert expected in [quality.value for quality in QUALITY]
