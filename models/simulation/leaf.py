"""Reflectance and transmittance of leaves in the ten bands, from what the leaves contain.

A plate in the manner of Allen et al. (1969) and PROSPECT (Jacquemoud and Baret 1990): light that enters is absorbed on
its diffuse way through the plate and partly thrown back at its inner surfaces. One plate with the leaf's whole content
stands in for PROSPECT's stack; the band absorptions are PROSPECT's order of magnitude, averaged over the band and set
so that a leaf of 45 µg/cm² chlorophyll looks like a green crop leaf.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import exp1

from models.simulation.covers import Cover

Spectra = NDArray[np.float64]

BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
"""The order of every simulated spectrum: by wavelength."""

#                          B02     B03     B04     B05     B06     B07     B08     B8A     B11     B12
_CHLOROPHYLL = np.array([0.0440, 0.0112, 0.0270, 0.0070, 0.0007, 0.0001, 0.0000, 0.0000, 0.0000, 0.0000])  # cm2/µg
_WATER = np.array([0.0000, 0.0000, 0.0000, 0.0100, 0.0200, 0.0200, 0.0400, 0.0500, 6.2000, 15.0000])  # 1/cm
_DRY_MATTER = np.array([8.000, 5.0000, 4.0000, 3.5000, 2.3000, 1.6000, 1.5000, 1.5000, 7.0000, 20.0000])  # cm2/g

_SURFACE = 0.040  # reflected at the first surface before anything is absorbed; n = 1.45
_INNER = 0.55  # thrown back at the inner surface for diffuse light; n = 1.45
_BACKWARD = 0.50  # share of the light coming out that leaves on the lit side


def leaf_spectra(cover: Cover, chlorophyll: float, water: float) -> tuple[Spectra, Spectra]:
    """Return reflectance and transmittance, each (10,), of a cover's leaves.

    Args:
        cover: whose leaves.
        chlorophyll: factor on the cover's mean content.
        water: factor on the cover's mean content.
    """
    absorption = (
        cover.chlorophyll * chlorophyll * _CHLOROPHYLL + cover.water * water * _WATER + cover.dry_matter * _DRY_MATTER
    )
    # Transmissivity of a plate for diffuse light (Allen et al. 1969).
    through = (1 - absorption) * np.exp(-absorption) + absorption**2 * exp1(absorption)
    out = (1 - _SURFACE) * (1 - _INNER) * through / (1 - _INNER * through)
    return _SURFACE + _BACKWARD * out, (1 - _BACKWARD) * out
