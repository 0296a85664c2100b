"""Settings of the worker, on top of those of the job book."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsError

from jobs.sas import KEY_VARIABLE
from jobs.settings import JobsSettings

S = TypeVar("S", bound=BaseSettings)


class BadSettings(ValueError):
    """Settings that cannot be used: one sentence for each, with the variable's name and never with its value."""


def load_settings(kind: type[S], **given: Any) -> S:  # noqa: ANN401 - members of the settings
    """Return settings from the environment, with some of them given.

    Raises:
        BadSettings: some are wrong.
    """
    try:
        settings = kind(**given)
    except ValidationError as error:
        raise BadSettings("\n".join(_sentence(wrong["loc"], wrong["msg"]) for wrong in error.errors())) from None
    except SettingsError as error:  # a value that should be JSON
        found = re.search(r'field "(\w+)"', str(error))
        raise BadSettings(_sentence((found[1],) if found else (), "is no JSON")) from None
    return settings


def _sentence(place: tuple[int | str, ...], what: str) -> str:
    if not place:  # several settings at once: the words name them
        return f"CLEARLEAF_* settings: {what.removeprefix('Value error, ')}"
    name, *inside = (str(part) for part in place)
    where = f" ({'.'.join(inside)})" if inside else ""
    return f"CLEARLEAF_{name.upper()}{where}: {what.removeprefix('Value error, ')}"


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
    scratch_dir: Path = Field(default=Path(tempfile.gettempdir()), description="local disk for files under way")

    @model_validator(mode="after")
    def _weights_of_the_mask(self) -> Self:
        if self.cloud_mask == "omnicloudmask" and (self.cloud_mask_dir is None or not self.cloud_mask_dir.is_dir()):
            raise ValueError("cloud_mask is omnicloudmask, but cloud_mask_dir is no folder: put its weights into one")
        return self
