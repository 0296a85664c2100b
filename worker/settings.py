"""Settings of the worker, on top of those of the job book."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from jobs.sas import KEY_VARIABLE
from jobs.settings import JobsSettings


class WorkerSettings(JobsSettings):
    """How a worker computes; read from `CLEARLEAF_*`."""

    device: str = Field(default="auto", description="cpu, cuda, or auto: cuda where there is one")
    torch_threads: int = Field(default=0, ge=0, description="CPU threads of the networks; 0: one per core")
    read_threads: int = Field(default=8, ge=1, description="scenes read at once")
    read_tries: int = Field(default=3, ge=1, description="tries of a scene before it is skipped and named")
    scenes_s3_access_key: SecretStr | None = Field(default=None, description="of archives that are read by S3")
    scenes_s3_secret_key: SecretStr | None = Field(default=None, description="belongs to scenes_s3_access_key")
    pc_subscription_key: SecretStr | None = Field(
        default=None, validation_alias=KEY_VARIABLE, description="account of the Planetary Computer"
    )
    cloud_mask: Literal["scl", "omnicloudmask"] = Field(
        default="scl", description="what clear means: by the scene classification, or by omnicloudmask as well"
    )
    cloud_mask_dir: Path | None = Field(default=None, description="folder of omnicloudmask's weights; none are fetched")
    scratch_dir: Path = Field(
        default=Path(tempfile.gettempdir()),
        description="local disk for files under way, room for a job's results; the system's temporary folder",
    )

    @model_validator(mode="after")
    def _weights_of_the_mask(self) -> Self:
        if self.cloud_mask == "omnicloudmask" and (self.cloud_mask_dir is None or not self.cloud_mask_dir.is_dir()):
            raise ValueError("cloud_mask is omnicloudmask, but cloud_mask_dir is no folder: put its weights into one")
        return self
