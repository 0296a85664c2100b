"""The four steps of a job as plain functions, run by workers for the job book and by `clearleaf run` in turn."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.errors import ClearleafError, StorageFull
from jobs.planning import Plan, make_plan, read_plan
from jobs.request import JobRequest
from models.progress import Progress, part_of, silent
from models.reconstruction import HALO_PX
from worker.inputs.settle import settle
from worker.outputs.pieces import Piece, write_piece
from worker.outputs.publish import Provenance, publish
from worker.prepare import prepare
from worker.reconstruct import load_stack, read_stack, reconstruct_tile, save_stack
from worker.runtime import Parts, cached_reconstructor

STATE, FACTS, STACK = "state.safetensors", "prepare.json", "stack.npz"
NEARLY_FULL = 16 * 2**20
"""Bytes; a failure with less space left than this is blamed on the disk."""


def plan_step(
    job_id: UUID, request: JobRequest, parts: Parts, prefix: str, progress: Progress = silent
) -> tuple[str, list[str]]:
    """Fix grid, tiles and scenes; returns the plan's key and the tiles' ids.

    Raises:
        InvalidJob: the catalogue is not configured, a key is missing, it has no scene (`NoScenes`), or too many
            for a worker's memory.
        Unavailable: catalogue or storage are away.
    """
    catalog = parts.catalog(request.catalog)
    plan = make_plan(
        job_id,
        request,
        catalog,
        tile_px=parts.tile_px,
        memory_gb=parts.memory_gb,
        halo=HALO_PX,
        cloud_mask=parts.reader.clouds.name if parts.reader.clouds is not None else None,
        tick=lambda found: progress(0.0, f"searching scenes, {found} so far"),  # a large catalogue takes minutes
    )
    plan = settle(plan, parts.reader, partial(progress, 0.5, "asking scenes what their items leave open"))
    key = prefix + "plan.json"
    parts.storage.put_bytes(key, plan.model_dump_json().encode())
    return key, [tile.id for tile in plan.tiles]


def load_plan(key: str, parts: Parts) -> Plan:
    """Return the plan that `plan_step` wrote; raises as `read_plan`."""
    return read_plan(parts.storage.get_bytes(key))


def prepare_step(plan: Plan, parts: Parts, prefix: str, progress: Progress) -> str:
    """Fit the reconstruction to the AOI; returns the key of what the tiles need to know.

    A job of one tile reads its scenes here, once, and leaves them for the tile.

    Raises:
        InvalidJob: unknown weights.
        Unavailable: storage is away, or this worker lacks the cloud mask of the plan.
    """
    parts = replace(parts, reader=parts.reader.masked_by(plan.cloud_mask))
    tiles = plan.tiles
    stack = None
    if len(tiles) == 1:
        stack = read_stack(plan, tiles[0].padded, parts.reader, _ticks(progress, 0.4))
        with _scratch(parts.scratch) as scratch:
            save_stack(stack, scratch / STACK)
            parts.storage.put_file(prefix + STACK, scratch / STACK)
    start = 0.4 if stack is not None else 0.0
    found = prepare(plan, stack, parts, lambda share, message: progress(start + (1 - start) * share, message))
    parts.storage.put_bytes(prefix + STATE, found.state)
    parts.storage.put_bytes(prefix + FACTS, found.facts())
    return prefix + FACTS


def tile_step(plan: Plan, tile_id: str, facts_key: str, parts: Parts, prefix: str, progress: Progress) -> str:
    """Reconstruct one tile; returns the key of its piece.

    Raises:
        Unavailable: storage is away, or this worker lacks the cloud mask of the plan.
    """
    tile = plan.tile(tile_id)
    folder = facts_key.removesuffix(FACTS)
    facts = json.loads(parts.storage.get_bytes(facts_key))
    lai = cached_reconstructor(_state(folder, facts["state_sha256"], parts), parts.device)
    if parts.storage.head(folder + STACK) is not None:
        with _scratch(parts.scratch) as scratch:
            stack = load_stack(parts.storage.local(folder + STACK, scratch), tile.padded)
    else:
        stack = read_stack(plan, tile.padded, parts.reader.masked_by(plan.cloud_mask), _ticks(progress, 0.5))
    result = reconstruct_tile(tile, plan, stack, lai, part_of(progress, 0.5, 0.95))
    progress(0.95, "storing")
    return write_piece(parts.storage, prefix, Piece.of(tile, result, stack))


def finish_step(
    plan: Plan, facts_key: str, piece_keys: Iterable[str], parts: Parts, prefix: str, progress: Progress
) -> str:
    """Publish the results of a job; returns the manifest's key, which is written last.

    Raises:
        Unavailable: storage is away or full.
    """
    facts: dict[str, Any] = json.loads(parts.storage.get_bytes(facts_key))
    provenance = Provenance(
        report=facts["report"],
        method=facts["method"],
        weights=facts["weights"],
        weights_sha256=facts["weights_sha256"],
        state_sha256=facts["state_sha256"],
        skipped=tuple(facts["skipped"]),
        tells_catalog=parts.tells_catalog,
        cloud_mask=plan.cloud_mask,
        created=datetime.now(UTC),
    )
    with _scratch(parts.scratch) as folder:
        return publish(plan, sorted(piece_keys), provenance, parts.storage, prefix, folder, progress)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """Give a folder that is gone afterwards; where its disk fills up meanwhile, say so."""
    folder = None
    try:
        parent.mkdir(parents=True, exist_ok=True)  # what tidies temporary folders may have taken an idle worker's
        folder = Path(tempfile.mkdtemp(prefix="clearleaf-", dir=parent))
        yield folder
    except ClearleafError:
        raise
    except Exception as error:  # GDAL tells of a full disk in many words
        if shutil.disk_usage(parent).free < NEARLY_FULL:
            cure = "free some space there, or set CLEARLEAF_SCRATCH_DIR"
            full = f"the disk of the scratch folder {parent} is full: {cure}"
            raise StorageFull(full, told="the disk of the worker is full") from error
        raise
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _state(folder: str, sha256: str, parts: Parts) -> bytes:
    """Return the job's state, which must be the one that *prepare* wrote."""
    state = parts.storage.get_bytes(folder + STATE)
    if hashlib.sha256(state).hexdigest() != sha256:
        raise ValueError(f"{folder + STATE} is not the state that was prepared")
    return state


def _ticks(progress: Progress, share: float) -> Any:  # noqa: ANN401 - a callback of the reader
    return lambda done, of: progress(share * done / max(of, 1), f"reading scenes, {done} of {of}")
