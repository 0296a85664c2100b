"""What a worker process is given once: storage, catalogues, reader, device."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from jobs.catalog import Catalog, CatalogProfile, open_catalog
from jobs.errors import InvalidJob, Problem
from jobs.storage import Storage, open_storage
from models.reconstruction import LaiReconstructor
from worker.inputs.access import Access, S3Keys
from worker.inputs.clouds import Clouds, omnicloudmask
from worker.inputs.read import SceneReader
from worker.settings import WorkerSettings


@dataclass(frozen=True)
class Parts:
    """What the steps work with.

    Attributes:
        storage: of results and of what steps hand over.
        catalogs: configured catalogues by name.
        default_catalog: of orders that name none.
        reader: reads scenes.
        device: where the networks run.
        scratch: local folder for files under way.
        tile_px: side of a tile.
        memory_gb: that a worker's process may take, in 10^9 bytes.
        tells_catalog: results say where their catalogue is; the place of a configured one is nobody else's business.
    """

    storage: Storage
    catalogs: dict[str, CatalogProfile]
    default_catalog: str | None
    reader: SceneReader
    device: str
    scratch: Path
    tile_px: int
    memory_gb: float = math.inf
    tells_catalog: bool = False

    def catalog(self, name: str | None) -> Catalog:
        """Return an open catalogue.

        Raises:
            InvalidJob: it is not configured, or a key is missing without which its files cannot be opened.
            Unavailable: it cannot be reached now.
        """
        wanted = name or self.default_catalog
        if wanted is None or wanted not in self.catalogs:
            known = ", ".join(self.catalogs) or "none"
            raise InvalidJob(Problem("/catalog", f"catalog {wanted!r} is not configured; configured are: {known}"))
        profile = self.catalogs[wanted]
        self.reader.access.check(profile)
        return open_catalog(profile)


def build_parts(settings: WorkerSettings) -> Parts:
    """Return the parts that settings describe; torch is first touched here, in the process that computes."""
    torch.set_num_threads(settings.torch_threads or len(os.sched_getaffinity(0)))
    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    settings.scratch_dir.mkdir(parents=True, exist_ok=True)
    return Parts(
        storage=open_storage(settings),
        catalogs=settings.catalogs,
        default_catalog=settings.default_catalog,
        reader=SceneReader(
            settings.read_threads,
            settings.read_tries,
            access_of(settings, settings.catalogs.values()),
            clouds_of(settings, device),
        ),
        device=device,
        scratch=settings.scratch_dir,
        tile_px=settings.tile_px,
        memory_gb=settings.worker_memory_gb,
    )


def access_of(settings: WorkerSettings, profiles: Iterable[CatalogProfile]) -> Access:
    """Return what opens the files of some catalogues, with the keys of the settings."""
    access, secret = settings.scenes_s3_access_key, settings.scenes_s3_secret_key
    s3 = S3Keys(access, secret) if access is not None and secret is not None else None
    return Access.of(profiles, settings.pc_subscription_key, s3)


def clouds_of(settings: WorkerSettings, device: str) -> Clouds | None:
    """Return the cloud mask that settings name beside the scene classification.

    Raises:
        BadSettings: it cannot be used.
    """
    if settings.cloud_mask == "scl" or settings.cloud_mask_dir is None:
        return None
    return Clouds(omnicloudmask(settings.cloud_mask_dir, device), settings.cloud_mask)


@lru_cache(maxsize=2)
def cached_reconstructor(state: bytes, device: str) -> LaiReconstructor:
    """Return the reconstructor of a job's state; tiles of one job that meet the same process load it once."""
    return LaiReconstructor.from_state(state, device)
