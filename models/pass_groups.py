"""Which radar passes show which part of a tile: a tile on the edge of a swath is several places in one.

The networks look at the passes nearest to a day. If those were chosen for a tile as a whole, a pass that shows only a
corner of it would take the place of one that shows the rest, and two tiles would choose differently for the ground that
they share. So they are chosen for blocks of pixels, on the lattice along which tiles are cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.own_scene import BLOCK_PX
from models.series import BoolArray


def pass_groups(valid: BoolArray) -> Iterator[tuple[BoolArray, BoolArray]]:
    """Yield the passes (S,) that show any of some blocks, the same for all of them, and where those are, (H, W).

    Args:
        valid: (S, H, W) True where a pass has data.
    """
    passes, height, width = valid.shape
    rows, columns = -(-height // BLOCK_PX), -(-width // BLOCK_PX)
    whole = np.pad(valid, ((0, 0), (0, rows * BLOCK_PX - height), (0, columns * BLOCK_PX - width)))
    shown = whole.reshape(passes, rows, BLOCK_PX, columns, BLOCK_PX).any(axis=(2, 4)).reshape(passes, rows * columns)
    patterns, kind = shared_patterns(shown)
    where = np.repeat(np.repeat(kind.reshape(rows, columns), BLOCK_PX, axis=0), BLOCK_PX, axis=1)[:height, :width]
    for number, pattern in enumerate(patterns):
        yield pattern, where == number


def shared_patterns(shown: BoolArray) -> tuple[BoolArray, np.ndarray]:
    """Return the different sets of passes (K, S) that show places, and which one shows each of them, (P,).

    Args:
        shown: (S, P) whether a pass shows a place.
    """
    packed = np.packbits(np.pad(shown, ((1, 0), (0, 0))), axis=0).T  # the row more is for who has no pass at all
    _, first, kind = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return shown[:, first].T, kind.reshape(-1)  # the shape of `kind` differs between versions of numpy
