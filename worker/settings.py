"""Settings of the worker, on top of those of the job book."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import Field

from jobs.settings import JobsSettings


class WorkerSettings(JobsSettings):
    """How a worker computes; read from `CLEARLEAF_*`."""

    device: str = Field(default="auto", description="cpu, cuda, or auto: cuda where there is one")
    torch_threads: int = Field(default=0, ge=0, description="CPU threads of the networks; 0: one per core")
    read_threads: int = Field(default=8, ge=1, description="scenes read at once")
    read_tries: int = Field(default=3, ge=1, description="tries of a scene before it is skipped and named")
    scratch_dir: Path = Field(default=Path(tempfile.gettempdir()), description="local disk for files under way")
