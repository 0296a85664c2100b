"""Is it the weather or the file? When an archive is in trouble, not asked any more, and when a step waits for it."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from jobs.catalog_http import retry_after
from jobs.errors import AccessDenied, Problem, Unavailable
from jobs.redaction import without_keys
from worker.inputs.band import OddFile
from worker.rasters import SkippedScene

PROBE_S = 10.0
MOST_TROUBLES = 3
"""So many in a row of one host, tries that were met with silence or files given up, and it is not asked again."""
LARGE_SHARE = 0.1
"""Of a sensor's scenes. Of two hundred scenes a few may be lost to a busy archive without harm; a tenth is worth the
wait. One scene alone is never worth it, unless there is no other."""
LONGEST_WAIT_S = 3600.0
"""A step waits a limited number of times: a server that asks for days would make of these weeks."""
ALL_FROM = 3
"""So many scenes, all unreadable, are an archive in trouble rather than damaged files."""
NAMES = {"s1": "radar", "s2": "optical"}

NOT_READ = "could not be read"
SLOW = f"{NOT_READ}: the archive did not answer in time"
AWAY = f"{NOT_READ}: the archive cannot be reached"
MISSING = f"{NOT_READ}: a file is missing"
DAMAGED = f"{NOT_READ}: a file is damaged"
ANSWERED = f"{NOT_READ}: the archive answered "
KINDS = {
    "neither geotiff": f"{NOT_READ}: a file is neither GeoTIFF nor JPEG 2000",
    "no such file": MISSING,
    "does not exist": MISSING,
    "timed out": SLOW,
    "timeout": SLOW,
    "too slow": SLOW,
    "could not resolve": AWAY,
    "could not connect": AWAY,
    "couldn't connect": AWAY,
    "failed to connect": AWAY,
    "connection refused": AWAY,
    "connection reset": AWAY,
    "recv failure": AWAY,
    "send failure": AWAY,
    "empty reply": AWAY,
    "not recognized as": DAMAGED,
    "tiff": DAMAGED,
    "read failed": DAMAGED,
}
"""What words in an error mean, the more telling ones first."""
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_GONE = tuple(f"{ANSWERED}{status.value}" for status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE))
_REFUSED = tuple(f"{ANSWERED}{status.value}" for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))


@dataclass(frozen=True)
class Fault:
    """Why a file could not be read, in words that may be told to customers.

    Attributes:
        reason: what is told.
        retry_after: seconds that the archive asks us to leave it alone.
        asked: the archive itself was asked, and said so.
        odd: the file is not read, however often it is opened.
    """

    reason: str
    retry_after: float | None = None
    asked: bool = False
    odd: bool = False

    @property
    def is_silence(self) -> bool:
        """Whether the archive did not answer at all: asking again would take as long again."""
        return self.reason == SLOW

    @property
    def is_weather(self) -> bool:
        """Whether it passes."""
        answered = self.reason.removeprefix(ANSWERED)
        return self.reason in (SLOW, AWAY) or (answered.isdecimal() and _passes(int(answered)))

    @property
    def is_refusal(self) -> bool:
        """Whether the archive does not let us read."""
        return self.reason in _REFUSED

    @property
    def is_final(self) -> bool:
        """Whether asking again is of no use."""
        return self.odd or self.reason == MISSING or self.reason in _GONE


@dataclass(frozen=True)
class UnreadScene(SkippedScene):
    """A scene of which a file could not be read, and how that failed; turned into its base before it is kept."""

    fault: Fault = Fault(NOT_READ)

    @classmethod
    def of(cls, scene_id: str, fault: Fault) -> UnreadScene:
        """Return a scene that was lost to a fault."""
        return cls(scene_id, fault.reason, fault)


def fault_of(error: BaseException) -> Fault:
    """Return why a scene could not be read, in our own words: GDAL's hold paths and signed URLs of this server."""
    said = str(error)
    if isinstance(error, OddFile):
        return Fault(f"{NOT_READ}: {said}", odd=True)
    answer = re.search(r"(?:response code|HTTP status|HTTP error)\D{0,3}(\d{3})", said, re.IGNORECASE)
    if answer:
        return Fault(f"{ANSWERED}{answer[1]}")
    return Fault(next((reason for words, reason in KINDS.items() if words in said.lower()), NOT_READ))


def asked_itself(url: str) -> Fault | None:
    """Return what an archive in trouble says when it is asked for the first byte of a file; None where it is well.

    GDAL tells neither Retry-After nor, of a file whose beginning it has read, why the rest does not come.

    Args:
        url: that opens the file now.
    """
    try:
        with (
            httpx.Client(timeout=PROBE_S) as client,
            client.stream("GET", url, headers={"Range": "bytes=0-0"}) as answer,
        ):
            if not _passes(answer.status_code):
                return None
            wait = retry_after(answer.headers.get("retry-after", ""))
            return Fault(f"{ANSWERED}{answer.status_code}", wait, asked=True)
    except httpx.TimeoutException:
        return Fault(SLOW, asked=True)
    except httpx.HTTPError:
        return Fault(AWAY, asked=True)
    except httpx.InvalidURL:
        return None


class Hosts:
    """Those that files are asked of in one step, and which of them are not asked again; safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._troubles: Counter[str] = Counter()
        self._last: dict[str, Fault] = {}

    def given_up(self, href: str) -> Fault | None:
        """Return why a file's host is not asked any more; None where it may be."""
        host = _host(href)
        with self._lock:
            return self._last[host] if self._troubles[host] >= MOST_TROUBLES else None

    def well(self, href: str) -> None:
        """Take down that a host has answered as it should."""
        with self._lock:
            self._troubles[_host(href)] = 0

    def troubled(self, href: str, fault: Fault) -> None:
        """Take down that a host was silent, or that one of its files was given up because of the weather."""
        host = _host(href)
        if host and fault.is_weather:
            with self._lock:
                self._troubles[host] += 1
                self._last[host] = fault


def wait_if_many_are_lost(sensor: str, asked: int, skipped: Sequence[SkippedScene]) -> None:
    """Let a step wait where the weather takes so much that its result would look whole and be poor.

    Args:
        sensor: of the scenes.
        asked: number of scenes that were to be read.
        skipped: those that were not.

    Raises:
        Unavailable: the weather takes the last of them, or two and more than a tenth; or all, three or more, fail
            otherwise.
        AccessDenied: all are refused.
    """
    unread = [scene.fault for scene in skipped if isinstance(scene, UnreadScene)]
    weather = [fault for fault in unread if fault.is_weather]
    many = len(unread) == asked or (len(weather) > 1 and len(weather) > LARGE_SHARE * asked)
    if weather and many:
        waits = [fault.retry_after for fault in weather if fault.retry_after is not None]
        wait = min(max(waits), LONGEST_WAIT_S) if waits else None
        raise Unavailable(told := _told(sensor, asked, weather), wait, told=told)
    if len(unread) == asked >= ALL_FROM:
        if all(fault.is_refusal for fault in unread):
            told = _told(sensor, asked, unread)
            cure = "check the keys and passwords of its catalogue"
            raise AccessDenied(Problem("/catalog", told, inside=f"{told}: {cure}"))
        raise Unavailable(told := _told(sensor, asked, unread), told=told)


def _told(sensor: str, asked: int, faults: Sequence[Fault]) -> str:
    reason = Counter(fault.reason for fault in faults).most_common(1)[0][0]
    return f"{len(faults)} of {asked} {NAMES[sensor]} scenes {reason}"


def _passes(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING


def _host(href: str) -> str:
    """Return the host or bucket of a file; empty for one on disk, which has no weather."""
    return urlsplit(href).netloc.rpartition("@")[2].lower() if "://" in href else ""


def first_line(error: BaseException) -> str:
    """Return the first line of an error for our own log, URLs without what may open them."""
    return without_keys((str(error) or type(error).__name__).splitlines()[0])[:300]
