"""Climates and landscapes that a simulated site can be placed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """What a place has in common with its neighbours.

    Attributes:
        latitude: degrees on the northern side; the southern hemisphere mirrors it.
        longitude: degrees, decides the UTM zone of a written catalogue.
        shares: cover name to share of parcels; "arable" stands for a rotation drawn from `crops`.
        crops: crop name to chance in a year.
        field_px: side of a typical parcel, 20 m pixels.
        cloudiness: share of scenes whose middle is under cloud.
        summer_clearing: how much less cloudy summer is than winter, in standard deviations of the weather.
        rain_share: share of days with rain.
        growth_shift: days by which the growing season comes later than in Belgium.
        soil_brightness: dry soil relative to the mean soil of `canopy`.
    """

    latitude: float
    longitude: float
    shares: dict[str, float]
    crops: dict[str, float]
    field_px: float
    cloudiness: float
    summer_clearing: float
    rain_share: float
    growth_shift: float
    soil_brightness: float


_BELGIAN_CROPS = {
    "winter wheat": 0.24,
    "winter barley": 0.06,
    "rapeseed": 0.03,
    "maize": 0.30,
    "sugar beet": 0.10,
    "potato": 0.13,
    "vegetables": 0.14,
}

REGIONS = {
    "belgium": Region(
        50.8,
        3.1,
        {
            "arable": 0.67,
            "grassland": 0.10,
            "meadow": 0.12,
            "deciduous forest": 0.03,
            "evergreen forest": 0.01,
            "village": 0.05,
            "water": 0.02,
        },
        _BELGIAN_CROPS,
        6.5,
        0.47,
        0.45,
        0.50,
        0.0,
        1.12,
    ),
    "grassland": Region(
        47.5,
        12.4,
        {
            "arable": 0.12,
            "grassland": 0.25,
            "meadow": 0.35,
            "deciduous forest": 0.08,
            "evergreen forest": 0.14,
            "village": 0.04,
            "water": 0.02,
        },
        {"maize": 0.6, "winter wheat": 0.3, "winter barley": 0.1},
        7.0,
        0.50,
        0.10,
        0.48,
        8.0,
        0.9,
    ),
    "continental": Region(
        48.7,
        17.2,
        {"arable": 0.78, "grassland": 0.06, "alfalfa": 0.05, "deciduous forest": 0.06, "village": 0.04, "water": 0.01},
        {"winter wheat": 0.34, "winter barley": 0.12, "rapeseed": 0.16, "maize": 0.28, "sugar beet": 0.10},
        11.0,
        0.42,
        0.60,
        0.33,
        -3.0,
        1.1,
    ),
    "semi-arid": Region(
        38.6,
        -2.1,
        {
            "arable": 0.42,
            "steppe": 0.28,
            "orchard": 0.14,
            "alfalfa": 0.09,
            "evergreen forest": 0.03,
            "village": 0.03,
            "water": 0.01,
        },
        {"winter wheat": 0.35, "winter barley": 0.45, "maize": 0.12, "vegetables": 0.08},
        9.0,
        0.24,
        0.70,
        0.14,
        -32.0,
        1.6,
    ),
}
"""Region name to its numbers; the shares and dates are our reading of regional crop statistics and calendars."""
