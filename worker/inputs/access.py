"""How a planned file is opened now: signed, with a password or with credentials that no plan ever holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from pydantic import SecretStr

from jobs.catalog_http import PATIENCE_S, fetch
from jobs.errors import AccessDenied, Unavailable, unusable_catalog
from jobs.profiles import CatalogProfile
from jobs.sas import KEY_VARIABLE, NEEDS_KEY, SasTokens
from jobs.scenes import Scene
from jobs.sources import Source, is_url, local_path, may_hear_password, without_password
from worker.inputs.weather import Fault, asked_itself

S3_VARIABLES = ("CLEARLEAF_SCENES_S3_ACCESS_KEY", "CLEARLEAF_SCENES_S3_SECRET_KEY")
S3_REGION = "us-east-1"  # what services outside AWS sign with, whatever they call their region
S3_URL_LIVES_S = 600
MOST_DOCUMENT_BYTES = 16 * 2**20


@dataclass(frozen=True)
class S3Keys:
    """Credentials of the S3 service that scenes are read from."""

    access: SecretStr
    secret: SecretStr


@dataclass(frozen=True)
class Access:
    """What opens files of scenes.

    Attributes:
        tokens: of the Planetary Computer.
        has_key: whether they are asked for with a key.
        s3: credentials; None where there are none.
        profiles: of the catalogues that are configured here, with their passwords; of one alone within a job.
    """

    tokens: SasTokens = field(default_factory=SasTokens)
    has_key: bool = False
    s3: S3Keys | None = None
    profiles: tuple[CatalogProfile, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, profiles: Iterable[CatalogProfile], key: SecretStr | None, s3: S3Keys | None) -> Access:
        """Return what opens the files of some catalogues."""
        key = key if key is not None and key.get_secret_value() else None
        return cls(SasTokens(key), key is not None, s3, tuple(profiles))

    def for_catalog(self, planned: CatalogProfile) -> Access:
        """Return what opens the files of a planned catalogue, and holds no password or place of another one.

        Two profiles may ask one host with different passwords, or two S3 services that have a bucket of one name.

        Args:
            planned: as the plan keeps it, without passwords.

        Raises:
            Unavailable: this worker does not know it, knows it otherwise, or lacks a key; another one may not.
        """
        mine = tuple(profile for profile in self.profiles if profile.name == planned.name)
        if self.profiles and not (mine and _places(mine[0].told()) == _places(planned)):
            otherwise = "otherwise than the job was planned with" if mine else "not"
            raise Unavailable(
                f"catalogue {planned.name!r} is {otherwise} configured on this worker: give all workers the same "
                "CLEARLEAF_CATALOGS",
                told=_no_worker(planned.name),
            )
        for source in planned.sources.values():
            why = self.missing(source)
            if why is not None:
                what = f"this worker cannot read from catalogue {planned.name!r}: {why}"
                raise Unavailable(what, told=_no_worker(planned.name))
        return replace(self, profiles=mine)

    def missing(self, source: Source) -> str | None:
        """Return what is needed to open files of a source and is not there, with the cure; None where nothing is."""
        needs_key = any(host.partition(".")[0] in NEEDS_KEY for host in source.asset_hosts)
        if source.signing == "planetary-computer" and needs_key and not self.has_key:
            return (
                f"{source.collection} needs an account of the Planetary Computer: put its key into {KEY_VARIABLE}, or "
                "configure a profile whose s1 is another source of terrain-corrected backscatter"
            )
        if source.signing == "s3" and self.s3 is None:
            return f"{source.collection} lies in S3: put credentials into {' and '.join(S3_VARIABLES)}"
        return None

    def check(self, profile: CatalogProfile) -> None:
        """Refuse a job whose files could not be opened.

        Raises:
            AccessDenied: a key is missing; says which.
        """
        for source in profile.sources.values():
            why = self.missing(source)
            if why is not None:
                raise unusable_catalog(profile.name, f"cannot be used: {why}", AccessDenied)

    def opened(self, scene: Scene, href: str) -> str:
        """Return a path or URL that can be opened now.

        Raises:
            AccessDenied: a key is missing or refused.
            Unavailable: there is no token now.
        """
        if scene.signing == "planetary-computer":
            return self.tokens.signed(href)
        for source in self._sources(scene):
            password = urlsplit(source.href).netloc.rpartition("@")[0] if source.is_remote else ""
            if password and may_hear_password(href, without_password(source.href)):
                parts = urlsplit(href)
                return urlunsplit(parts._replace(netloc=f"{password}@{parts.netloc}"))
        return href

    def renewed(self, scene: Scene, href: str, refused: str) -> bool:
        """Return whether a file that was refused may be opened with a new signature."""
        return scene.signing == "planetary-computer" and self.tokens.forget(href, refused)

    def trouble(self, scene: Scene, place: str) -> Fault | None:
        """Return what the archive of a file says if it is in trouble now; None where it is well, or there is none.

        Args:
            scene: that it belongs to.
            place: path or URL that can be opened now.
        """
        if place.startswith("s3://"):
            try:
                place = self._s3_url(scene, place)
            except ValueError:
                return None
        return asked_itself(place) if is_url(place) else None

    def environment(self, scene: Scene) -> dict[str, Any]:
        """Return what GDAL needs to know to open a scene's files."""
        if scene.signing != "s3" or self.s3 is None:
            return {}
        from rasterio.session import AWSSession

        scheme, _, host = self._endpoint(scene, next(iter(scene.assets.values())).href).partition("://")
        session = AWSSession(
            aws_access_key_id=self.s3.access.get_secret_value(),
            aws_secret_access_key=self.s3.secret.get_secret_value(),
            region_name=S3_REGION,
            endpoint_url=host or None,
        )
        return {
            "session": session,
            "AWS_SESSION_TOKEN": "",  # that of the results' credentials is none of this archive's business
            "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_HTTPS": "NO" if scheme == "http" else "YES",
        }

    def document(self, scene: Scene, href: str) -> bytes:
        """Return a small document beside a scene's files.

        Raises:
            OSError: it cannot be read.
            ClearleafError: it cannot be read now, or not by us.
            ValueError: it is no small document, or in a place that documents are not read from.
        """
        place = self.opened(scene, href)
        if is_url(place):
            return _fetched(place)
        if place.startswith("s3://"):
            return _fetched(self._s3_url(scene, place))
        if "://" not in place:
            with open(local_path(place), "rb") as file:  # noqa: PTH123 - a href
                content = file.read(MOST_DOCUMENT_BYTES + 1)
            if len(content) > MOST_DOCUMENT_BYTES:
                raise ValueError(f"{place} has more than {MOST_DOCUMENT_BYTES} bytes")
            return content
        raise ValueError("documents are not read by this protocol")

    def _endpoint(self, scene: Scene, href: str) -> str:
        """Return the URL of the S3 service of an object; empty for AWS."""
        bucket = urlsplit(href).netloc
        known = (source.s3_endpoint for source in self._sources(scene) if bucket in source.asset_hosts)
        endpoint = next(known, "")
        return endpoint if "://" in endpoint or not endpoint else f"https://{endpoint}"

    def _sources(self, scene: Scene) -> list[Source]:
        """Return where scenes of the same sensor come from, in the catalogues that are known."""
        found = (profile.sources.get(scene.sensor) for profile in self.profiles)
        return [source for source in found if source is not None]

    def _s3_url(self, scene: Scene, href: str) -> str:
        """Return a URL that opens an object for as long as it takes to read it.

        Raises:
            ValueError: there are no credentials, or the object has a name that cannot be one.
        """
        if self.s3 is None:
            raise ValueError("no credentials for S3")
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        bucket, key = urlsplit(href).netloc, urlsplit(href).path.lstrip("/")
        client = boto3.session.Session().client(  # the shared session is not for several threads
            "s3",
            config=Config(signature_version="s3v4"),
            aws_access_key_id=self.s3.access.get_secret_value(),
            aws_secret_access_key=self.s3.secret.get_secret_value(),
            region_name=S3_REGION,
            endpoint_url=self._endpoint(scene, href) or None,
        )
        wanted = {"Bucket": bucket, "Key": key}
        try:
            return str(client.generate_presigned_url("get_object", wanted, ExpiresIn=S3_URL_LIVES_S))
        except BotoCoreError as error:
            raise ValueError(f"{href} cannot be read: {error}") from error


def _no_worker(name: str) -> str:
    return f"the step waits for a worker that can read the scenes of catalogue {name!r}"


def _places(profile: CatalogProfile) -> dict[str, tuple[str, str, str]]:
    """Return what decides where a catalogue's files are asked for, and with what."""
    return {sensor: (s.href, s.signing, s.s3_endpoint) for sensor, s in profile.sources.items()}


def _fetched(url: str) -> bytes:
    with httpx.Client(timeout=PATIENCE_S) as client:  # no redirects: they would lead past the check of the place
        return fetch(client, "GET", url, MOST_DOCUMENT_BYTES)
