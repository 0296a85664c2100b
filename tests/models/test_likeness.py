"""Pixels that are alike depart alike."""

import torch

from models.likeness import BLOCK_PX, DENSE_PX, FAR, FAR_PX, NEAR, REACH_PX, alike_offset


def halves(size=24):
    """Two crops side by side, left and right; the right one departs by 1, and its lower half is hidden."""
    crop = torch.zeros(1, 1, size, size)
    crop[..., size // 2 :] = 5.0
    mask = torch.ones(1, 1, size, size)
    mask[..., size // 2 :, :] = 0
    departure = (crop > 0).float() * mask
    return crop, mask, departure


def test_a_hidden_pixel_takes_the_departure_of_its_own_crop():
    crop, mask, departure = halves()
    offset, weight = alike_offset(departure, mask, crop, torch.zeros_like(mask))
    assert (offset[0, 0, 13, 16:] > 0.8).all()
    assert (offset[0, 0, 13, :8] < 0.1).all()
    assert (weight >= 0).all()


def test_where_nothing_is_visible_the_wide_offset_stands():
    crop, mask, departure = halves()
    wide = torch.full_like(mask, 0.25)
    offset, weight = alike_offset(0 * departure, 0 * mask, crop, wide)
    torch.testing.assert_close(offset, wide)
    assert weight.abs().max() < 1e-6


def test_it_looks_no_farther_than_its_reach():
    crop, mask, departure = halves(64)
    far = departure.clone()
    far[0, 0, 0, 40] = 9.0
    change = alike_offset(far, mask, crop, 0 * mask)[0] != alike_offset(departure, mask, crop, 0 * mask)[0]
    rows, columns = change[0, 0].nonzero(as_tuple=True)
    assert len(rows) > 0
    assert rows.max() <= REACH_PX
    assert (columns - 40).abs().max() <= REACH_PX


def test_nothing_within_reach_is_left_out_or_seen_twice():
    """Pixels close by and the blocks farther away tile the square."""
    half = BLOCK_PX // 2
    seen = [*NEAR, *((d + i, r + j) for d, r in FAR for i in range(-half, half + 1) for j in range(-half, half + 1))]
    side = 2 * (FAR_PX + half) + 1
    assert len(seen) == len(set(seen)) == side**2
    assert BLOCK_PX + half + 1 > DENSE_PX


def test_a_far_glimpse_leaves_no_lattice():
    """Where only a far field is visible, the offset fades smoothly: no pixel is skipped."""
    mask = torch.zeros(1, 1, 40, 40)
    mask[..., :12] = 1
    offset, _ = alike_offset(mask.clone(), mask, 0 * mask, 0 * mask)
    line = offset[0, 0, 20, 12:]
    assert (line[1:] <= line[:-1] + 1e-6).all()
    along = offset[0, 0, 15:25, 20]  # far from the sides, where less is visible
    assert along.max() - along.min() < 1e-3
