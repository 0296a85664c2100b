"""Climates and landscapes that a simulated site can be placed in.

Shares and dates are our reading of regional crop statistics and calendars.
"""

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


REGIONS = {
    # Flemish mixed farming.
    "belgium": Region(
        latitude=50.8,
        longitude=3.1,
        shares={
            "arable": 0.67,
            "grassland": 0.10,
            "meadow": 0.12,
            "deciduous forest": 0.03,
            "evergreen forest": 0.01,
            "village": 0.05,
            "water": 0.02,
        },
        crops={
            "winter wheat": 0.24,
            "winter barley": 0.06,
            "rapeseed": 0.03,
            "maize": 0.30,
            "sugar beet": 0.10,
            "potato": 0.13,
            "vegetables": 0.14,
        },
        field_px=6.5,
        cloudiness=0.47,
        summer_clearing=0.45,
        rain_share=0.5,
        growth_shift=0.0,
        soil_brightness=1.12,
    ),
    # Foothills of the Alps.
    "grassland": Region(
        latitude=47.5,
        longitude=12.4,
        shares={
            "arable": 0.12,
            "grassland": 0.25,
            "meadow": 0.35,
            "deciduous forest": 0.08,
            "evergreen forest": 0.14,
            "village": 0.04,
            "water": 0.02,
        },
        crops={
            "maize": 0.60,
            "winter wheat": 0.30,
            "winter barley": 0.10,
        },
        field_px=7.0,
        cloudiness=0.5,
        summer_clearing=0.1,
        rain_share=0.48,
        growth_shift=8.0,
        soil_brightness=0.9,
    ),
    # Large fields of the Pannonian plain.
    "continental": Region(
        latitude=48.7,
        longitude=17.2,
        shares={
            "arable": 0.78,
            "grassland": 0.06,
            "alfalfa": 0.05,
            "deciduous forest": 0.06,
            "village": 0.04,
            "water": 0.01,
        },
        crops={
            "winter wheat": 0.34,
            "winter barley": 0.12,
            "rapeseed": 0.16,
            "maize": 0.28,
            "sugar beet": 0.10,
        },
        field_px=11.0,
        cloudiness=0.42,
        summer_clearing=0.6,
        rain_share=0.33,
        growth_shift=-3.0,
        soil_brightness=1.1,
    ),
    # South-east Spain with irrigated fields.
    "semi-arid": Region(
        latitude=38.6,
        longitude=-2.1,
        shares={
            "arable": 0.42,
            "steppe": 0.28,
            "orchard": 0.14,
            "alfalfa": 0.09,
            "evergreen forest": 0.03,
            "village": 0.03,
            "water": 0.01,
        },
        crops={
            "winter wheat": 0.35,
            "winter barley": 0.45,
            "maize": 0.12,
            "vegetables": 0.08,
        },
        field_px=9.0,
        cloudiness=0.24,
        summer_clearing=0.7,
        rain_share=0.14,
        growth_shift=-32.0,
        soil_brightness=1.6,
    ),
    # Irish grassland, the cloudiest.
    "atlantic": Region(
        latitude=52.6,
        longitude=-8.2,
        shares={
            "arable": 0.10,
            "grassland": 0.42,
            "meadow": 0.30,
            "deciduous forest": 0.04,
            "evergreen forest": 0.08,
            "village": 0.03,
            "water": 0.03,
        },
        crops={
            "winter barley": 0.40,
            "winter wheat": 0.20,
            "maize": 0.10,
            "potato": 0.10,
            "vegetables": 0.20,
        },
        field_px=6.0,
        cloudiness=0.64,
        summer_clearing=0.2,
        rain_share=0.58,
        growth_shift=-2.0,
        soil_brightness=0.85,
    ),
    # Wooded uplands of southern Germany.
    "forest": Region(
        latitude=49.1,
        longitude=8.9,
        shares={
            "deciduous forest": 0.38,
            "evergreen forest": 0.34,
            "meadow": 0.12,
            "arable": 0.10,
            "village": 0.03,
            "water": 0.03,
        },
        crops={
            "winter wheat": 0.40,
            "maize": 0.35,
            "rapeseed": 0.25,
        },
        field_px=12.0,
        cloudiness=0.5,
        summer_clearing=0.35,
        rain_share=0.42,
        growth_shift=4.0,
        soil_brightness=0.9,
    ),
    # Southern Finland.
    "boreal": Region(
        latitude=61.5,
        longitude=25.4,
        shares={
            "evergreen forest": 0.58,
            "deciduous forest": 0.14,
            "meadow": 0.07,
            "arable": 0.11,
            "village": 0.02,
            "water": 0.08,
        },
        crops={
            "winter barley": 0.35,
            "winter wheat": 0.25,
            "rapeseed": 0.20,
            "potato": 0.20,
        },
        field_px=10.0,
        cloudiness=0.52,
        summer_clearing=0.45,
        rain_share=0.42,
        growth_shift=22.0,
        soil_brightness=0.85,
    ),
    # Orchards and cereals of Catalonia.
    "mediterranean": Region(
        latitude=41.4,
        longitude=1.2,
        shares={
            "orchard": 0.34,
            "arable": 0.28,
            "steppe": 0.14,
            "evergreen forest": 0.14,
            "alfalfa": 0.04,
            "village": 0.05,
            "water": 0.01,
        },
        crops={
            "winter wheat": 0.35,
            "winter barley": 0.35,
            "vegetables": 0.20,
            "maize": 0.10,
        },
        field_px=6.5,
        cloudiness=0.28,
        summer_clearing=0.65,
        rain_share=0.22,
        growth_shift=-24.0,
        soil_brightness=1.35,
    ),
    # Dry-farmed high plains of North America.
    "plains": Region(
        latitude=38.4,
        longitude=-100.9,
        shares={
            "arable": 0.66,
            "steppe": 0.26,
            "alfalfa": 0.05,
            "village": 0.02,
            "water": 0.01,
        },
        crops={
            "winter wheat": 0.50,
            "maize": 0.40,
            "vegetables": 0.10,
        },
        field_px=16.0,
        cloudiness=0.32,
        summer_clearing=0.1,
        rain_share=0.22,
        growth_shift=-16.0,
        soil_brightness=1.2,
    ),
    # Low steppe with few leaves.
    "dryland": Region(
        latitude=36.0,
        longitude=-3.4,
        shares={
            "steppe": 0.74,
            "orchard": 0.10,
            "arable": 0.11,
            "village": 0.02,
            "evergreen forest": 0.03,
        },
        crops={
            "winter barley": 0.70,
            "winter wheat": 0.30,
        },
        field_px=11.0,
        cloudiness=0.2,
        summer_clearing=0.6,
        rain_share=0.1,
        growth_shift=-36.0,
        soil_brightness=1.7,
    ),
}
"""Region name to its numbers."""
