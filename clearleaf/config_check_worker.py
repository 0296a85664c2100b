"""What a worker needs besides: device, networks, catalogues. Apart, for it imports what only workers have installed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from clearleaf.catalog_check import check_catalog
from clearleaf.findings import Finding
from models.weights import FOLDER, published
from worker.runtime import access_of
from worker.settings import WorkerSettings


def check_worker(settings: WorkerSettings) -> Iterator[Finding]:
    """Yield what holds and what does not: device, sha256 of the weights, each configured catalogue."""
    yield _device(settings.device)
    yield from _weights()
    if not settings.catalogs:
        yield Finding(False, "catalogues", "none is configured: set CLEARLEAF_CATALOGS")
    for name, profile in settings.catalogs.items():
        for finding in check_catalog(profile, access_of(settings, [profile])):
            yield replace(finding, what=f"catalogue {name}: {finding.what}")


def _device(wanted: str) -> Finding:
    if torch.cuda.is_available():
        return Finding(True, "device", f"{torch.cuda.get_device_name()}, asked for {wanted}")
    if wanted.startswith("cuda"):
        built = torch.version.cuda or "without CUDA"
        return Finding(False, "device", f"CLEARLEAF_DEVICE is {wanted}, but no GPU is visible (torch is built {built})")
    return Finding(True, "device", f"cpu, asked for {wanted}: no GPU is visible")


def _weights() -> Iterator[Finding]:
    for name, weights in published().items():
        for file in {entry.file: entry for entry in weights.files.values()}.values():
            what = f"weights {name}: {file.file}"
            try:
                found = hashlib.sha256((FOLDER / file.file).read_bytes()).hexdigest()
            except OSError as error:
                yield Finding(False, what, f"cannot be read ({error.strerror}): install clearleaf anew")
                continue
            holds = found == file.sha256
            yield Finding(
                holds, what, "sha256 as published" if holds else f"has sha256 {found}: install clearleaf anew"
            )
