"""What can cover a parcel: the leaves, the ground below and the radar signature of each cover.

Leaf contents lie in the ranges of the PROSPECT literature (Jacquemoud and Baret 1990; Féret et al. 2008: chlorophyll
20–60 µg/cm², water 0.008–0.025 cm, dry matter 0.003–0.012 g/cm²). The radar numbers are water-cloud coefficients
(Attema and Ulaby 1978) per unit of LAI, chosen so that cereals darken VV as their upright stems grow while broad
leaves brighten both channels (Vreugdenhil et al. 2018), at levels seen over Flemish fields.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cover:
    """One kind of land cover.

    Attributes:
        name: as written into the parcels.
        leaf_angle: mean inclination of the leaves in degrees, 0 = flat.
        chlorophyll: µg/cm² of leaf.
        water: cm.
        dry_matter: g/cm².
        ground: what lies under the leaves: "soil", "roof" or "water".
        vv: scattering in dB of a closed canopy at 1 unit of path, and attenuation per unit of LAI.
        vh: the same for VH.
        roughness_db: backscatter of the ground above that of a smooth seedbed.
    """

    name: str
    leaf_angle: float
    chlorophyll: float
    water: float
    dry_matter: float
    ground: str
    vv: tuple[float, float]
    vh: tuple[float, float]
    roughness_db: float


COVERS = (
    Cover("winter wheat", 56.0, 46.0, 0.015, 0.0055, "soil", (-13.6, 0.22), (-19.1, 0.20), 0.0),
    Cover("winter barley", 54.0, 44.0, 0.015, 0.0055, "soil", (-13.1, 0.22), (-18.1, 0.20), 0.0),
    Cover("rapeseed", 45.0, 46.0, 0.022, 0.0060, "soil", (-8.9, 0.28), (-13.9, 0.30), 0.0),
    Cover("maize", 52.0, 48.0, 0.014, 0.0055, "soil", (-9.3, 0.20), (-14.4, 0.24), 1.0),
    Cover("sugar beet", 45.0, 46.0, 0.025, 0.0060, "soil", (-8.6, 0.26), (-13.6, 0.28), 0.5),
    Cover("potato", 42.0, 44.0, 0.020, 0.0050, "soil", (-8.7, 0.24), (-13.8, 0.28), 1.8),
    Cover("vegetables", 45.0, 42.0, 0.022, 0.0050, "soil", (-9.3, 0.26), (-14.6, 0.28), 0.8),
    Cover("catch crop", 48.0, 42.0, 0.018, 0.0050, "soil", (-10.1, 0.24), (-15.4, 0.26), 0.3),
    Cover("grassland", 57.0, 42.0, 0.014, 0.0055, "soil", (-11.6, 0.22), (-17.1, 0.24), -0.8),
    Cover("meadow", 55.0, 42.0, 0.014, 0.0055, "soil", (-11.6, 0.22), (-17.1, 0.24), -0.8),
    Cover("ryegrass", 56.0, 44.0, 0.015, 0.0050, "soil", (-12.3, 0.22), (-16.8, 0.24), -0.5),
    Cover("alfalfa", 52.0, 46.0, 0.018, 0.0055, "soil", (-10.1, 0.24), (-15.6, 0.26), 0.0),
    Cover("deciduous forest", 42.0, 46.0, 0.012, 0.0065, "soil", (-8.7, 0.30), (-13.6, 0.32), 3.0),
    Cover("evergreen forest", 50.0, 44.0, 0.016, 0.0110, "soil", (-9.1, 0.30), (-14.1, 0.32), 3.0),
    Cover("orchard", 50.0, 46.0, 0.014, 0.0090, "soil", (-9.6, 0.26), (-15.1, 0.28), 2.0),
    Cover("steppe", 58.0, 36.0, 0.010, 0.0060, "soil", (-12.1, 0.20), (-18.1, 0.22), 0.0),
    Cover("village", 45.0, 44.0, 0.014, 0.0065, "roof", (-7.0, 0.05), (-15.0, 0.05), 6.0),
    Cover("water", 45.0, 40.0, 0.014, 0.0050, "water", (-20.0, 0.05), (-26.0, 0.05), -7.0),
)
"""Every cover; an index into this tuple is what the arrays carry."""

INDEX = {cover.name: index for index, cover in enumerate(COVERS)}
