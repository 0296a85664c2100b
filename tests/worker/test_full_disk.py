"""Disks that are really full."""

from dataclasses import replace

import pytest

from jobs.errors import StorageFull
from jobs.file_storage import FileStorage
from worker import steps


def silent(share, message):
    """Take no notice of progress."""


def test_a_full_result_storage_is_named_and_shows_nothing_half(plan, parts, small_disk):
    full = replace(parts, storage=FileStorage(small_disk / "storage"))
    with pytest.raises(StorageFull, match=f"{small_disk}/storage is full: free some space"):
        steps.prepare_step(plan, full, "prepare/", silent)
    assert full.storage.list("") == []


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_a_full_scratch_disk_is_named_and_nothing_is_published(request, plan, parts, small_disk, kind):
    storage = parts.storage if kind == "file" else request.getfixturevalue("s3_storage")
    roomy = replace(parts, storage=storage)
    tight = replace(roomy, scratch=small_disk)
    (small_disk / "ballast").write_bytes(b"x" * (2**20 - 2**15))
    with pytest.raises(StorageFull, match=r"scratch folder .* is full: .*CLEARLEAF_SCRATCH_DIR"):
        steps.prepare_step(plan, tight, "prepare/", silent)
    state = steps.prepare_step(plan, roomy, "prepare/", silent)
    piece = steps.tile_step(plan, plan.tiles[0].id, state, roomy, "tile/", silent)
    with pytest.raises(StorageFull, match=r"scratch folder .* is full: .*CLEARLEAF_SCRATCH_DIR"):
        steps.finish_step(plan, state, [piece], tight, "results/", silent)
    assert tight.storage.list("results/") == []
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
