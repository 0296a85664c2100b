"""Reflectance of canopies over ground: a turbid layer of leaves under one sun direction, seen from another.

The layer is solved as in SAIL (Verhoef 1984, 1985): direct sun, direct view and two diffuse streams, without hot spot.
Extinction and scattering are found by averaging over leaf inclinations (a beta distribution, Goel and Strebel 1984) and
azimuths. Above a ground of reflectance r the canopy shows A(L) + C(L)·r / (1 − D(L)·r); A, C and D depend on LAI,
leaves and geometry only, so they are tabulated per scene and kind of leaf and looked up per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.series import FloatArray, IntArray
from models.simulation.covers import Cover
from models.simulation.leaf import leaf_spectra

Array = NDArray[np.float64]

_NODES = np.linspace(0.0, 1.0, 25) ** 1.6 * 8.5  # LAI; denser where reflectance changes fast
_INCLINATIONS = np.radians(np.arange(5.0, 90.0, 10.0))
_AZIMUTHS = np.radians(np.arange(7.5, 360.0, 15.0))
_SPREAD = np.radians(19.0)  # standard deviation of leaf inclination
_CLUMPING = 0.88  # row crops hide some of their leaves behind others

#                 B02    B03    B04    B05    B06    B07    B08    B8A    B11    B12
_SOIL = np.array([0.080, 0.108, 0.138, 0.160, 0.180, 0.197, 0.213, 0.227, 0.295, 0.268])  # dry loam, mean brightness
_STRAW = np.array([0.085, 0.120, 0.160, 0.195, 0.225, 0.245, 0.270, 0.290, 0.330, 0.240])
_ROOFS = np.array([0.090, 0.105, 0.125, 0.140, 0.155, 0.165, 0.175, 0.185, 0.205, 0.185])
_WATER = np.array([0.035, 0.045, 0.030, 0.026, 0.018, 0.016, 0.013, 0.012, 0.008, 0.006])
_GROUNDS = {"soil": _SOIL, "roof": _ROOFS, "water": _WATER}
_WET = np.array(
    [0.50, 0.50, 0.52, 0.52, 0.53, 0.54, 0.55, 0.55, 0.50, 0.42]
)  # saturated against dry (Lobell, Asner 2002)


@dataclass(frozen=True)
class Directions:
    """Sun and view of each scene in degrees, each (T,)."""

    sun_zenith: FloatArray
    view_zenith: FloatArray
    relative_azimuth: FloatArray


@dataclass(frozen=True)
class LeafKind:
    """Leaves of a cover in one state."""

    cover: Cover
    chlorophyll: float = 1.0
    water: float = 1.0


def _inclination_weights(mean_deg: float) -> Array:
    mean = np.radians(mean_deg) / (np.pi / 2)
    total = mean * (1 - mean) / (_SPREAD / (np.pi / 2)) ** 2 - 1
    x = _INCLINATIONS / (np.pi / 2)
    weights = x ** (mean * total - 1) * (1 - x) ** ((1 - mean) * total - 1)
    return np.asarray(weights / weights.sum())


def _projections(directions: Directions, leaf_angle: float) -> tuple[Array, Array, Array, Array, float]:
    """Return extinction of sun and view, both scattering phase sums, each (T,), and the mean squared leaf cosine."""
    sun, view = np.radians(directions.sun_zenith.astype(float)), np.radians(directions.view_zenith.astype(float))
    azimuth = np.radians(directions.relative_azimuth.astype(float))
    tilt, turn = _INCLINATIONS[:, None], _AZIMUTHS[None, :]  # (9, 24)

    def facing(zenith: Array, towards: Array) -> Array:
        flat = np.cos(tilt) * np.cos(zenith)[:, None, None]
        return np.asarray(flat + np.sin(tilt) * np.sin(zenith)[:, None, None] * np.cos(turn - towards[:, None, None]))

    def mean(values: Array) -> Array:
        return np.asarray(values.mean(axis=2) @ weights)

    to_sun, to_view = facing(sun, np.zeros_like(sun)), facing(view, azimuth)  # (T, 9, 24)
    weights = _inclination_weights(leaf_angle)
    product, slant = to_sun * to_view, np.cos(sun) * np.cos(view)
    return (
        mean(np.abs(to_sun)) / np.cos(sun),
        mean(np.abs(to_view)) / np.cos(view),
        mean(np.maximum(product, 0.0)) / slant,
        mean(np.maximum(-product, 0.0)) / slant,
        float(np.cos(_INCLINATIONS) ** 2 @ weights),
    )


def canopy_tables(directions: Directions, kinds: tuple[LeafKind, ...]) -> FloatArray:
    """Return A, C and D of the module's formula per scene and kind of leaf, shape (T, K, nodes, 30)."""
    angles = sorted({kind.cover.leaf_angle for kind in kinds})
    seen = [_projections(directions, angle) for angle in angles]
    pick = [angles.index(kind.cover.leaf_angle) for kind in kinds]
    sun, view, backward, forward = (np.stack([s[i] for s in seen], axis=1)[:, pick] for i in range(4))  # (T, K)
    squared = np.array([s[4] for s in seen])[pick]
    leaves = [leaf_spectra(kind.cover, kind.chlorophyll, kind.water) for kind in kinds]
    reflected, passed = np.stack([r for r, _ in leaves]), np.stack([t for _, t in leaves])  # (K, 10)
    layer = _Layer(sun[..., None], view[..., None], backward[..., None], forward[..., None], squared[:, None])
    return layer.solve(reflected, passed, _NODES * _CLUMPING)


@dataclass(frozen=True)
class _Layer:
    """Extinction and scattering geometry of leaves: (T, K, 1), and (K, 1) for the squared cosine."""

    sun: Array
    view: Array
    backward: Array
    forward: Array
    squared: Array

    def solve(self, rho: Array, tau: Array, lai: Array) -> FloatArray:
        """Return (T, K, L, 30) for leaf reflectance and transmittance (K, 10) and LAI (L,)."""
        ks, ko = self.sun[..., None, :], self.view[..., None, :]  # (T, K, 1, 1)
        scatter = _Scatter.of(self, rho, tau)
        m, r_inf = scatter.m, scatter.r_inf
        depth = lai[:, None]  # (L, 1)
        sunlit, visible, diffuse = np.exp(-ks * depth), np.exp(-ko * depth), np.exp(-m * depth)
        apart_s = np.where(np.abs(ks - m) < 1e-3, 1e-3, ks - m)  # the limit, without a division by zero
        apart_o = np.where(np.abs(ko - m) < 1e-3, 1e-3, ko - m)
        down_s, down_o = (diffuse - sunlit) / apart_s, (diffuse - visible) / apart_o
        up_s, up_o = (1 - sunlit * diffuse) / (ks + m), (1 - visible * diffuse) / (ko + m)
        both = (1 - sunlit * visible) / (ks + ko)

        p_sun, q_sun = (scatter.sf + scatter.sb * r_inf) * down_s, (scatter.sf * r_inf + scatter.sb) * up_s
        p_view, q_view = (scatter.vf + scatter.vb * r_inf) * down_o, (scatter.vf * r_inf + scatter.vb) * up_o
        back = r_inf * diffuse
        rest = 1 - back**2
        t_sun, t_view = (p_sun - back * q_sun) / rest, (p_view - back * q_view) / rest
        r_view, r_diffuse = (q_view - back * p_view) / rest, r_inf * (1 - diffuse**2) / rest

        into_view = (scatter.vf * r_inf + scatter.vb) * (both - down_s * visible) / (ko + m)
        from_sun = (scatter.vf + scatter.vb * r_inf) * (both - down_o * sunlit) / (ks + m)
        many = into_view * (scatter.sf + scatter.sb * r_inf) + from_sun * (scatter.sf * r_inf + scatter.sb)
        many = (many - (r_view * q_sun + t_view * p_sun) * r_inf) / (1 - r_inf**2)
        own = scatter.once * both + many
        reach = (sunlit + t_sun) * (visible + t_view)
        return np.concatenate([own, reach, np.broadcast_to(r_diffuse, own.shape)], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class _Scatter:
    """Scattering of the streams into one another, each (T, K, 1, 10) or (1, K, 1, 10)."""

    m: Array
    r_inf: Array
    sb: Array
    sf: Array
    vb: Array
    vf: Array
    once: Array

    @classmethod
    def of(cls, layer: _Layer, rho: Array, tau: Array) -> _Scatter:
        """Return the coefficients of SAIL for one layer and its leaves."""
        even = layer.squared
        back = 0.5 * ((1 + even) * rho + (1 - even) * tau)
        ahead = 0.5 * ((1 - even) * rho + (1 + even) * tau)
        loss = 1 - ahead
        m = np.sqrt(loss**2 - back**2)
        total, difference = 0.5 * (rho + tau), 0.5 * even * (rho - tau)
        found = (
            m[None],
            ((loss - m) / back)[None],
            layer.sun * total + difference,
            layer.sun * total - difference,
            layer.view * total + difference,
            layer.view * total - difference,
            layer.backward * rho + layer.forward * tau,
        )
        return cls(*(values[:, :, None, :] for values in found))


def ground_reflectance(ground: IntArray, brightness: FloatArray, moisture: float, litter: FloatArray) -> FloatArray:
    """Return (N, 10) reflectance of what lies under the leaves.

    Args:
        ground: (N,) index into `GROUNDS`.
        brightness: (N,) factor on a dry ground of that kind.
        moisture: soil moisture in m3/m3, 0.07 dry to 0.40 saturated.
        litter: (N,) share of the ground under dead plants.
    """
    # The skin that the sun has dried by the time of a scene counts, not the centimetres that radar sees.
    wet = 0.65 * np.clip((moisture - 0.07) / 0.28, 0.0, 1.0) ** 0.8
    kinds = _GROUND_TABLE.copy()
    kinds[0] *= 1 - wet * (1 - _WET)
    bare = kinds[ground] * brightness[:, None]
    straw = _STRAW * (1 - 0.35 * wet)
    return np.asarray(bare + litter[:, None] * (straw - bare), dtype=np.float32)


GROUNDS = tuple(_GROUNDS)
"""Names of the grounds; `Cover.ground` is one of them."""
_GROUND_TABLE = np.stack(list(_GROUNDS.values()))


def canopy_reflectance(table: FloatArray, kind: IntArray, lai: FloatArray, ground: FloatArray) -> FloatArray:
    """Return (N, 10) reflectance of canopies in one scene.

    Args:
        table: (K, nodes, 30) of the scene, from `canopy_tables`.
        kind: (N,) kind of leaf.
        lai: (N,) m2/m2.
        ground: (N, 10) reflectance of the ground.
    """
    place = np.interp(lai, _NODES, np.arange(len(_NODES)))
    low = np.minimum(place.astype(np.int64), len(_NODES) - 2)
    share = (place - low).astype(np.float32)[:, None]
    rows = table.reshape(-1, table.shape[-1])
    first = kind * len(_NODES) + low
    below = rows[first]
    found = below + share * (rows[first + 1] - below)
    own, reach, back = found[:, :10], found[:, 10:20], found[:, 20:]
    return np.asarray(own + reach * ground / (1 - back * ground), dtype=np.float32)
