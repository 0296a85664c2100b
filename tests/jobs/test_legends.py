"""The colours: one table for every picture, ends that hold, classes that keep apart."""

from itertools import pairwise

import pytest

from jobs.legends import LAI_RAMP, LEGENDS, QUALITY, STEPS


def lightness(colour):
    """Relative luminance (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("asset", [name for name, legend in LEGENDS.items() if legend.ramp])
def test_a_ramp_can_be_read_without_telling_hues_apart(asset):
    """Nearly every step is another colour, and lighter (or darker) than the one before, up to rounding."""
    table = LEGENDS[asset].ramp.table()
    assert len(table) == STEPS
    assert len(set(table)) >= STEPS - 3
    light = [lightness(colour) for colour in table]
    steps = [b - a for a, b in pairwise(light if light[-1] > light[0] else light[::-1])]
    assert min(steps) > -0.001


def test_stops_are_in_the_table():
    table = LAI_RAMP.table()
    assert (table[0], table[-1]) == (LAI_RAMP.colours[0], LAI_RAMP.colours[-1])
    assert LAI_RAMP.stops[8] == (4.0, (0x21, 0x91, 0x8C))
    assert table[round(4 / 8 * (STEPS - 1))] == (0x21, 0x91, 0x8C)


def test_the_published_palettes_are_what_the_stops_say():
    from matplotlib import colormaps

    for ramp in {legend.ramp for legend in LEGENDS.values() if legend.ramp}:
        for i, colour in enumerate(ramp.table()):
            published = colormaps[ramp.name](i / (STEPS - 1))[:3]
            assert max(abs(255 * a - b) for a, b in zip(published, colour, strict=True)) < 9


def test_classes_are_told_once_each():
    assert [quality.value for quality in QUALITY] == [0, 1, 2, 3, 4, 5]
    assert len({quality.colour for quality in QUALITY}) == len({quality.name for quality in QUALITY}) == 6
